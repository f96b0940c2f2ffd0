import type { Expectation, Field, GoldTable, Item, Pipeline, Type } from './model.ts';
import { canonicalJson } from './resolve.ts';
import { printExpression, printMeasure } from './sql/sql-print.ts';

/** How a pipeline differs from the one that made the outputs, in words. */
export interface PipelineChanges {
  /** What is merely added: optional fields and gold tables. The outputs stay what they are. */
  readonly added: readonly string[];
  /** What makes the outputs those of another pipeline. Empty when both can share a folder of outputs. */
  readonly changed: readonly string[];
}

/**
 * Compares the pipeline that made the outputs with another one. Where the topic is, what expectations merely count, and how SQL is spelled
 * decides no output and does not count.
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
        old.rawCsv.columns.join(', '),
        now.rawCsv.columns.filter((name) => !fields.added.includes(name)).join(', '),
      ),
      ...gold.changed,
    ],
  };
}

function different(what: string, old: unknown, now: unknown): string[] {
  return canonicalJson(old) === canonicalJson(now) ? [] : [`${what} was ${shown(old)}, and is ${shown(now)}`];
}

const shown = (value: unknown) => (typeof value === 'string' ? value || 'nothing' : canonicalJson(value));

/** @param within the object that the fields are in, with a dot at its end */
function fieldChanges(old: readonly Field[], now: readonly Field[], within: string): PipelineChanges {
  const added: string[] = [];
  const changed: string[] = [];
  for (const { name, required } of now.filter((field) => !named(old, field))) {
    if (required) changed.push(`the field ${within}${name} is new and required`);
    else added.push(`${within}${name}`);
  }
  for (const field of old) {
    const other = named(now, field);
    const changes = other && itemChanges(field, other, `${within}${field.name}`);
    added.push(...(changes?.added ?? []));
    changed.push(...(changes?.changed ?? [`the field ${within}${field.name} is gone`]));
  }
  const kept = (fields: readonly Field[], others: readonly Field[]) =>
    fields.filter((field) => named(others, field)).map(({ name }) => name);
  const order =
    within === '' ? 'the order of the fields' : `the order of the fields of ${within.slice(0, -1)}`;
  changed.push(...different(order, kept(old, now).join(', '), kept(now, old).join(', ')));
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
      measures.map((measure) => `${measure.name}: ${printMeasure(measure)}`).join(', ');
    return [
      ...different(of('group_by'), table.groupBy.join(', '), other.groupBy.join(', ')),
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
