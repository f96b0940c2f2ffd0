import { pathText } from './column-name.ts';
import { canonicalJson } from './fingerprint.ts';
import type { Expectation, Field, GoldTable, Item, Pipeline, Type } from './model.ts';
import { printExpression, printMeasure } from './sql/sql-check.ts';

/** How a pipeline differs from the one that made the outputs, in words. */
export interface PipelineChanges {
  /** Additions: optional fields and gold tables. The outputs stay valid. */
  readonly added: readonly string[];
  /** Changes that give other outputs. Empty when both pipelines can share a folder of outputs. */
  readonly changed: readonly string[];
}

/**
 * Compares the pipeline that made the outputs with another one. The topic's address, expectations
 * that only count, and the spelling of SQL determine no output and are not compared.
 */
export function pipelineChanges(old: Pipeline, now: Pipeline): PipelineChanges {
  const fields = fieldChanges(old.fields, now.fields, '');
  const gold = goldChanges(old.gold, now.gold);
  return {
    added: [
      ...fields.added.map((name) => `the field ${name}`),
      ...gold.added.map((name) => `the gold table ${name}`),
    ],
    changed: [
      ...fields.changed,
      ...different('the event time', old.eventTime.field, now.eventTime.field),
      ...different('the watermark (ms)', old.eventTime.watermarkMs, now.eventTime.watermarkMs),
      ...different('unknown_fields', old.unknownFields, now.unknownFields),
      ...expectationChanges(old.expectations.expectOrQuarantine, now.expectations.expectOrQuarantine),
      ...different(
        'the columns of raw_csv',
        listOf(old.rawCsv.columns),
        listOf(now.rawCsv.columns.filter((name) => !fields.added.includes(pathText([name])))),
      ),
      ...gold.changed,
    ],
  };
}

function different(what: string, old: unknown, now: unknown): string[] {
  return canonicalJson(old) === canonicalJson(now) ? [] : [`${what} was ${shown(old)}, and is ${shown(now)}`];
}

const shown = (value: unknown) => (typeof value === 'string' ? value || 'nothing' : canonicalJson(value));

/** Names for a message. Different lists give different texts. */
const listOf = (names: readonly string[]): string => names.map((name) => pathText([name])).join(', ');

/** @param within the object that the fields are in, with a dot at its end */
function fieldChanges(old: readonly Field[], now: readonly Field[], within: string): PipelineChanges {
  const added: string[] = [];
  const changed: string[] = [];
  const pathOf = ({ name }: Field) => `${within}${pathText([name])}`;
  for (const field of now.filter((each) => !named(old, each))) {
    if (field.required) changed.push(`the field ${pathOf(field)} is new and required`);
    else added.push(pathOf(field));
  }
  for (const field of old) {
    const other = named(now, field);
    const changes = other && itemChanges(field, other, pathOf(field));
    added.push(...(changes?.added ?? []));
    changed.push(...(changes?.changed ?? [`the field ${pathOf(field)} is gone`]));
  }
  const kept = (fields: readonly Field[], others: readonly Field[]) =>
    listOf(fields.filter((field) => named(others, field)).map(({ name }) => name));
  const order =
    within === '' ? 'the order of the fields' : `the order of the fields of ${within.slice(0, -1)}`;
  changed.push(...different(order, kept(old, now), kept(now, old)));
  return { added, changed };
}

function itemChanges(old: Item, now: Item, name: string): PipelineChanges {
  const type = typeChanges(old.type, now.type, name);
  return {
    added: type.added,
    changed: [
      ...different(`whether ${name} is required`, old.required, now.required),
      ...type.changed,
      ...different(`the constraints of ${name}`, old.constraints, now.constraints),
    ],
  };
}

function typeChanges(old: Type, now: Type, name: string): PipelineChanges {
  if (old.kind === 'object' && now.kind === 'object') return fieldChanges(old.fields, now.fields, `${name}.`);
  if (old.kind === 'array' && now.kind === 'array') return itemChanges(old.items, now.items, `${name}[]`);
  return { added: [], changed: different(`the type of ${name}`, old, now) };
}

function expectationChanges(old: readonly Expectation[], now: readonly Expectation[]): string[] {
  const text = (list: readonly Expectation[]) =>
    list.map(({ name, expression }) => `${name}: ${printExpression(expression)}`).join('; ');
  return different('expect_or_quarantine', text(old), text(now));
}

function goldChanges(old: readonly GoldTable[], now: readonly GoldTable[]): PipelineChanges {
  const changed = old.flatMap((table) => {
    const other = named(now, table);
    if (!other) return [`the gold table ${table.name} is gone`];
    const of = (what: string) => `${what} of the gold table ${table.name}`;
    const measures = ({ measures }: GoldTable) =>
      measures.map((measure) => `${pathText([measure.name])}: ${printMeasure(measure)}`).join(', ');
    return [
      ...different(of('group_by'), listOf(table.groupBy), listOf(other.groupBy)),
      ...different(of('the window (ms)'), table.windowMs, other.windowMs),
      ...different(of('the slide (ms)'), table.slideMs, other.slideMs),
      ...different(of('the measures'), measures(table), measures(other)),
    ];
  });
  return { added: now.filter((table) => !named(old, table)).map(({ name }) => name), changed };
}

function named<T extends { readonly name: string }>(list: readonly T[], { name }: { readonly name: string }) {
  return list.find((item) => item.name === name);
}
