import { existsSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { replaceFile } from '../util/files.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { type Contract, readContract } from './contract/contract.ts';
import { fingerprintOf } from './fingerprint.ts';
import { SAMPLE_FILE } from './generate/generation.ts';
import { readGeneration } from './generate/read-generation.ts';
import type { Pipeline } from './model.ts';
import {
  type PipelineMembers,
  pipelineMembers,
  readKey,
  readProcessing,
  readTopic,
} from './pipeline-file.ts';
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
