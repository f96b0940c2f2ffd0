import { basename, join, relative } from 'node:path';
import { SCHEMAS_FOLDER } from '../pipeline/file-schemas.ts';
import { SAMPLE_FILE } from '../pipeline/generate/generation.ts';
import { pipelineFolder } from '../pipeline/load-pipeline.ts';
import { KAFKA_TS, type Pipeline } from '../pipeline/model.ts';
import { PIPELINE_FILE, pipelineText, RESOLVED_FILE, resolvePipeline } from '../pipeline/resolve.ts';
import { TOPIC_PATTERN } from '../settings/setting-kinds.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { type Choices, choose } from './choices.ts';
import { inferEvent } from './fields/infer-event.ts';
import { counted, type InferredEvent, type InferredField } from './inferred.ts';
import { type Outcomes, outcomesOf } from './outcomes.ts';
import { type EventFile, onlyObject, readEvents } from './read/read-events.ts';
import { type Input, readInput } from './read/read-input.ts';
import { inferSchema } from './schema/infer-schema.ts';
import { isJsonSchema } from './schema/schema-node.ts';
import { contractText } from './write/contract-text.ts';
import { pipelineFileText } from './write/pipeline-text.ts';
import { refuseExisting, writeFolder } from './write/write-folder.ts';

/** What the user asks for. */
export interface NewPipelineRequest {
  /** A name in `pipelines/`, or a folder's path, as the setting PIPELINE has it. */
  readonly name: string;
  /** A file, or `-` for standard input. */
  readonly from: string;
  readonly topic: string | undefined;
  readonly key: string | undefined;
  readonly eventTime: string | undefined;
  /** The user's folder, which has `pipelines/`. */
  readonly projectDir: string;
  /** The product itself, where that is another folder. It has the schemas of the files. */
  readonly installDir?: string;
  readonly stdin: NodeJS.ReadableStream;
}

/** What was written, and what was guessed. */
export interface NewPipeline {
  readonly pipeline: Pipeline;
  /** The folder, relative to the checkout where it lies in it. */
  readonly folder: string;
  readonly files: readonly string[];
  /** The source's name. */
  readonly source: string;
  /** The events; undefined when a JSON Schema is the source. */
  readonly events: EventFile | undefined;
  /** Events in sample.jsonl. */
  readonly sampled: number;
  readonly event: InferredEvent;
  readonly choices: Choices;
  /** What becomes of the events; undefined when a JSON Schema is the source. */
  readonly outcomes: Outcomes | undefined;
}

const CONTRACT_FILE = 'contract.odcs.yaml';
/** Limits of sample.jsonl. */
const MOST_SAMPLED = 1000;
const MOST_SAMPLED_CHARACTERS = 4_000_000;

/**
 * Writes a pipeline's folder from events or a JSON Schema.
 * @throws ProductError BAD_USAGE, BAD_EVENTS; then nothing was written
 */
export async function newPipeline(request: NewPipelineRequest): Promise<NewPipeline> {
  const folder = folderOf(request);
  const shownFolder = shownPath(folder, request.projectDir);
  refuseExisting(folder, shownFolder);
  const input = await readInput(request.from, request.stdin);
  const { events, inferred } = infer(input, request);
  refuseUnknown(inferred, request);
  const { event, choices } = choose(withRequiredTime(inferred, request.eventTime), request);
  refuseEmpty(event, input.shown);
  const name = basename(folder);
  const topic = request.topic ?? topicOf(name);
  const isOwn = folder === pipelineFolder(name, request.projectDir);
  const generate = isOwn ? userCommand('generate') : userCommand('generate', 'FOLDER');
  const origin = events
    ? `${counted(events.events.length, 'event')} of ${input.shown}`
    : `the JSON Schema ${input.shown}`;
  const schemas = relative(folder, join(request.installDir ?? request.projectDir, SCHEMAS_FOLDER));
  const head = { name, topic, origin, schemas, generate, primaryKey: choices.primaryKey };
  const contract = contractText(event, head);
  const processing = pipelineFileText(event, choices, head);
  const pipeline = resolved(name, contract, processing);
  const sample = events ? sampleOf(events) : [];
  const files = {
    [CONTRACT_FILE]: contract,
    [PIPELINE_FILE]: processing,
    ...(events ? { [SAMPLE_FILE]: sample.map((line) => `${line}\n`).join('') } : {}),
    [RESOLVED_FILE]: pipelineText(pipeline),
  };
  const outcomes = events && outcomesOf(pipeline, events.events);
  refuseExisting(folder, shownFolder);
  writeFolder(folder, files);
  return {
    ...{ pipeline, folder: shownFolder, files: Object.keys(files), source: input.shown },
    ...{ events, sampled: sample.length, event, choices, outcomes },
  };
}

function folderOf({ name, projectDir }: NewPipelineRequest): string {
  const folder = pipelineFolder(name, projectDir);
  const last = basename(folder);
  const isName =
    name !== '' &&
    name.trim() === name &&
    !/\p{Cc}/u.test(name) &&
    last !== '' &&
    Buffer.byteLength(last) <= 200;
  if (isName && !last.startsWith('.') && !last.startsWith('-')) return folder;
  throw new ProductError('BAD_USAGE', {
    message: `${JSON.stringify(name)} cannot be a pipeline's name; nothing was written.`,
    hint: 'Give a name such as `orders`, for pipelines/orders, or the path of a folder such as ./work/orders.',
  });
}

function shownPath(folder: string, projectDir: string): string {
  const path = relative(projectDir, folder);
  return path.startsWith('..') ? folder : path;
}

function infer(
  input: Input,
  { eventTime }: NewPipelineRequest,
): { readonly events: EventFile | undefined; readonly inferred: InferredEvent } {
  const document = onlyObject(input);
  if (document && isJsonSchema(document)) return { events: undefined, inferred: inferSchema(document) };
  const events = readEvents(input);
  const inferred = inferEvent(
    events.events.map(({ value }) => value),
    { eventTime },
  );
  return { events, inferred };
}

function refuseEmpty({ fields, leftOut }: InferredEvent, shown: string): void {
  if (fields.length > 0) return;
  const [first] = leftOut;
  const why = first ? `: ${JSON.stringify(first.name)} is left out, because ${first.why}` : '';
  throw new ProductError('BAD_EVENTS', {
    message: `The events of ${shown} have no member that a contract can have${why}.`,
    hint: 'docs/pipelines.md lists what a contract can have.',
  });
}

/** @throws ProductError BAD_USAGE for a field that the user names and that cannot be what it is to be */
function refuseUnknown({ fields }: InferredEvent, { key, eventTime, topic }: NewPipelineRequest): void {
  const isKey = ({ logicalType }: InferredField) => logicalType !== 'object' && logicalType !== 'array';
  refuseOther('--key', key, fields.filter(isKey), 'one of the fields that are no objects or arrays');
  const times = fields.filter(({ logicalType }) => logicalType === 'timestamp');
  if (eventTime !== KAFKA_TS) {
    refuseOther(
      '--event-time',
      eventTime,
      times,
      `one of the fields that are times, or ${KAFKA_TS} for the record's own time`,
    );
  }
  if (topic === undefined || new RegExp(`^(?:${TOPIC_PATTERN})$`).test(topic)) return;
  throw new ProductError('BAD_USAGE', {
    message: `--topic ${JSON.stringify(topic)} is not allowed: a topic has 1 to 249 letters, digits, dots, underscores or hyphens.`,
    hint: 'Without --topic the topic has the name of the pipeline.',
  });
}

function refuseOther(
  flag: string,
  name: string | undefined,
  fields: readonly InferredField[],
  what: string,
): void {
  if (name === undefined || fields.some((field) => field.name === name)) return;
  const names = fields.map((field) => field.name).join(', ') || 'there are none';
  throw new ProductError('BAD_USAGE', {
    message: `${flag} ${JSON.stringify(name)} is not allowed: it must be ${what} (${names}).`,
    hint: `Without ${flag} it is guessed.`,
  });
}

/** The event time that the user names is required, whatever the events have. */
function withRequiredTime(event: InferredEvent, eventTime: string | undefined): InferredEvent {
  const fields = event.fields.map((field) => {
    if (field.name !== eventTime || field.required) return field;
    const why = [...field.why, 'Required nevertheless, because --event-time names it'];
    return { ...field, required: true, why };
  });
  return { ...event, fields };
}

/** A topic named as the pipeline, without characters that Kafka refuses. */
function topicOf(name: string): string {
  const topic = name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 249);
  return topic === '' || topic === '.' || topic === '..' ? 'events' : topic;
}

/**
 * Resolves what was made.
 * @throws Error when it is refused, which is a defect of the inference
 */
function resolved(name: string, contract: string, processing: string): Pipeline {
  try {
    return resolvePipeline({
      name,
      pipelineFile: PIPELINE_FILE,
      pipelineText: () => processing,
      contract: (file) => ({ file, text: contract }),
    });
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    throw new Error(`the pipeline that was inferred is refused:\n${error.message}`, { cause: error });
  }
}

function sampleOf({ events }: EventFile): readonly string[] {
  const sample: string[] = [];
  let characters = 0;
  for (const { text } of events) {
    characters += text.length;
    if (sample.length === MOST_SAMPLED || (characters > MOST_SAMPLED_CHARACTERS && sample.length > 0)) break;
    sample.push(text);
  }
  return sample;
}
