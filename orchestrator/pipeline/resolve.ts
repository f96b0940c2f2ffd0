import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { replaceFile } from '../util/files.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { pathText } from './column-name.ts';
import { type Contract, readContract } from './contract/contract.ts';
import { canonicalJson, fingerprintOf } from './fingerprint.ts';
import { SAMPLE_FILE } from './generate/generation.ts';
import { readGeneration } from './generate/read-generation.ts';
import type { Expectation, Field, GoldTable, Item, Pipeline, Type } from './model.ts';
import {
  type PipelineMembers,
  pipelineMembers,
  readKey,
  readProcessing,
  readTopic,
} from './pipeline-file.ts';
import { printExpression, printMeasure } from './sql/sql-check.ts';
import { parseYaml, Refusal, Refusals } from './yaml-source.ts';

/** A pipeline's two files, with the paths that refusals show. */
export interface PipelineSources {
  readonly name: string;
  readonly pipelineFile: string;
  readonly pipelineText: () => string;
  /** Reads the contract, which pipeline.yml names by a path relative to itself. */
  readonly contract: (path: string) => { readonly file: string; readonly text: string };
  /** Whether the folder has a sample of events; undefined where there is no folder yet. */
  readonly hasSample?: boolean;
}

const DEFAULT_CONTRACT = 'contract.odcs.yaml';
/** Columns of a line of pipeline.json. */
const WIDTH = 110;

/**
 * Checks both files and makes the pipeline from them.
 * @throws ProductError BAD_PIPELINE that lists everything that is not executed, with its place and
 * what is allowed
 */
export function resolvePipeline(sources: PipelineSources): Pipeline {
  const refusals = new Refusals();
  const resolved = refusals.attempt(() => {
    const document = parseYaml(sources.pipelineFile, sources.pipelineText());
    const members = pipelineMembers(document);
    const topic = refusals.attempt(() => readTopic(members));
    const contract = readNamedContract(members, sources, topic?.topic, refusals);
    const processing = contract && readProcessing(members, contract, refusals);
    const key = contract && refusals.attempt(() => readKey(topic?.key, contract));
    if (!topic || !processing || !contract || key === undefined) return undefined;
    const source = { topic: topic.topic, partitions: topic.partitions, key };
    const { hasSample } = sources;
    const described = { eventTimeField: processing.eventTime.field, key, hasSample };
    const generate = readGeneration(members.get('generate'), contract, described, refusals);
    return { source, fields: contract.fields, ...processing, generate };
  });
  refusals.throwIfAny();
  if (!resolved) throw new Error('a pipeline was refused without a reason');
  const { source, eventTime, unknownFields, fields, expectations, rawCsv, gold, generate } = resolved;
  const decisive = { eventTime, unknownFields, fields, expectations, rawCsv, gold };
  return {
    version: 1,
    name: sources.name,
    fingerprint: fingerprintOf(decisive),
    source,
    eventTime,
    unknownFields,
    fields,
    expectations,
    rawCsv,
    gold,
    ...(generate && { generate }),
  };
}

function readNamedContract(
  members: PipelineMembers,
  sources: PipelineSources,
  topic: string | undefined,
  refusals: Refusals,
): Contract | undefined {
  return refusals.attempt(() => {
    const named = members.get('contract');
    const path = named?.text() ?? DEFAULT_CONTRACT;
    if (named && !/^[\w][\w.-]*(\/[\w][\w.-]*)*$/.test(path)) {
      named.refuse(
        `${named.shown} leaves the pipeline's folder`,
        `a path inside it, such as ${DEFAULT_CONTRACT}`,
      );
    }
    const { file, text } = sources.contract(path);
    return readContract(file, text, topic, refusals);
  });
}

/** The text of pipeline.json: an object or list that fits into a line is written on one line. */
export function pipelineText(pipeline: Pipeline): string {
  return `${layout(pipeline, '', 0)}\n`;
}

function layout(value: unknown, indent: string, before: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const flat = oneLine(value);
  if (indent !== '' && indent.length + before + flat.length < WIDTH) return flat;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => inner + layout(item, inner, 0)).join(',\n')}\n${indent}]`;
  }
  const members = Object.entries(value).map(([key, member]) => {
    const name = `${JSON.stringify(key)}: `;
    return inner + name + layout(member, inner, name.length);
  });
  return `{\n${members.join(',\n')}\n${indent}}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${oneLine(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** The file that an author writes and that is resolved. */
export const PIPELINE_FILE = 'pipeline.yml';
export const RESOLVED_FILE = 'pipeline.json';

/**
 * Resolves the pipeline of a folder. The pipeline has the folder's name.
 * @param projectDir the folder to which paths in refusals are relative
 * @throws ProductError BAD_PIPELINE
 */
export function resolveFolder(folder: string, projectDir: string): Pipeline {
  const shown = (name: string) => relative(projectDir, join(folder, name));
  const read = (name: string, place: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch (error) {
      throw new Refusal(place, messageOf(error), `a file ${name} in ${relative(projectDir, folder)}`);
    }
  };
  return resolvePipeline({
    name: basename(folder),
    pipelineFile: shown(PIPELINE_FILE),
    pipelineText: () => read(PIPELINE_FILE, shown(PIPELINE_FILE)),
    contract: (name) => ({ file: shown(name), text: read(name, shown(PIPELINE_FILE)) }),
    hasSample: existsSync(join(folder, SAMPLE_FILE)),
  });
}

/**
 * Writes a folder's pipeline.json where it differs from what its files resolve to.
 * @returns whether it differed
 */
export function generate(folder: string, projectDir: string, mode: 'write' | 'check'): boolean {
  return replaceFile(join(folder, RESOLVED_FILE), pipelineText(resolveFolder(folder, projectDir)), mode);
}

/**
 * Checks that a folder's pipeline.json is what its files resolve to. A folder that has only a
 * pipeline.json has no files to differ from.
 * @throws ProductError BAD_PIPELINE for files with something that is not executed, and for a
 * pipeline.json that is missing or older than they are
 */
export function assertUpToDate(folder: string, projectDir: string): void {
  if (!existsSync(join(folder, PIPELINE_FILE)) || !generate(folder, projectDir, 'check')) return;
  const inside = relative(projectDir, folder);
  const shown = inside.startsWith('..') ? folder : inside;
  throw new ProductError('BAD_PIPELINE', {
    message: `${join(shown, RESOLVED_FILE)} is not what the files of the pipeline say: they were changed after it was written.`,
    hint: `\`${userCommand('generate', shown)}\` writes it.`,
  });
}

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
