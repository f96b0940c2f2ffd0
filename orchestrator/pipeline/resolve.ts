import { createHash } from 'node:crypto';
import type { Contract } from './contract/contract.ts';
import { readContract } from './contract/contract.ts';
import type { Pipeline } from './model.ts';
import {
  type PipelineMembers,
  pipelineMembers,
  readKey,
  readProcessing,
  readTopic,
} from './pipeline-file.ts';
import { parseYaml, Refusals } from './yaml-source.ts';

/** A pipeline's two files, with the paths that refusals show. */
export interface PipelineSources {
  readonly name: string;
  readonly pipelineFile: string;
  readonly pipelineText: () => string;
  /** Reads the contract, which pipeline.yml names by a path relative to itself. */
  readonly contract: (path: string) => { readonly file: string; readonly text: string };
}

const DEFAULT_CONTRACT = 'contract.odcs.yaml';
/** Columns of a line of pipeline.json. */
const WIDTH = 110;

/**
 * Checks both files and makes the pipeline of them.
 * @throws ProductError BAD_PIPELINE that names everything that is not executed, with its place and what is allowed
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
    return { source, fields: contract.fields, ...processing };
  });
  refusals.throwIfAny();
  if (!resolved) throw new Error('a pipeline was refused without a reason');
  const { source, eventTime, unknownFields, fields, expectations, rawCsv, gold } = resolved;
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

/**
 * SHA-256 over what decides outputs: event time, unknown fields, fields, the expectations that quarantine, raw_csv and gold. Names, topics
 * and the spelling of SQL are not in it.
 */
export function fingerprintOf(
  pipeline: Pick<Pipeline, 'eventTime' | 'unknownFields' | 'fields' | 'expectations' | 'rawCsv' | 'gold'>,
): string {
  const { eventTime, unknownFields, fields, expectations, rawCsv, gold } = pipeline;
  const expectOrQuarantine = expectations.expectOrQuarantine.map(({ name, expression }) => ({
    name,
    expression,
  }));
  const decisive = { eventTime, unknownFields, fields, expectOrQuarantine, rawCsv, gold };
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex');
}

/** JSON with sorted keys and without white space. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** The text of pipeline.json: an object or list that fits a line stands on one. */
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
