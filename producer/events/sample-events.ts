import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fieldPathText } from '../../orchestrator/pipeline/generate/field-path.ts';
import { type FieldPath, type Hint, SAMPLE_FILE } from '../../orchestrator/pipeline/generate/generation.ts';
import { type Field, type Item, KAFKA_TS, type Pipeline } from '../../orchestrator/pipeline/model.ts';
import { userCommand } from '../../orchestrator/util/user-command.ts';
import { valueReader } from '../../orchestrator/verify/oracle/field-value.ts';
import { memberOf, readJsonObject } from '../../orchestrator/verify/oracle/json-value.ts';
import { ConfigError } from '../errors.ts';
import { derivedSeed, type Random, seededRandom } from '../generate/random.ts';
import type { ReasonOf } from './classified-events.ts';
import { ContractCompiler, hintsOf, type Write } from './contract-events.ts';
import { jsonMembers } from './json-members.ts';
import { IdCounter, idWriterLike, timeWriterLike } from './like-example.ts';

/** The real events of a pipeline's folder, one a line. */

export const hasSample = (folder: string): boolean => existsSync(join(folder, SAMPLE_FILE));

/** The events of a sample that a pipeline takes. */
export interface Sample {
  readonly lines: readonly string[];
  /** One sentence about events that are left out. */
  readonly note: string | undefined;
}

/**
 * Reads the events that become silver rows. The others are left out of what is replayed, so that an
 * event without a fault is right; MALFORMED_RATE adds malformed ones.
 * @throws {ConfigError} when the file cannot be read, or none of its events becomes a silver row
 */
export function readSample(folder: string, pipeline: Pipeline, reasonOf: ReasonOf, nowMs: number): Sample {
  const path = join(folder, SAMPLE_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${path} cannot be read, and the pipeline's strategy is sample: ${(error as Error).message}: add the file, or give generate.strategy: contract in pipeline.yml`,
      { cause: error },
    );
  }
  const all = text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const reasons = new Map<string, number>();
  const lines = all.filter((line) => {
    const reason = reasonOf(line, nowMs);
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(', ');
  if (lines.length === 0)
    throw new ConfigError(
      `PIPELINE=${pipeline.name}: none of the ${all.length} events of ${path} becomes a silver row${why && ` (${why})`}: correct the contract or the sample, then run \`${userCommand('generate')}\``,
    );
  const left = all.length - lines.length;
  return {
    lines,
    note:
      left === 0
        ? undefined
        : `${left} of ${all.length} events of ${SAMPLE_FILE} would go to quarantine (${why}) and are not replayed`,
  };
}

/** An event of the sample, ready to be replayed. */
interface Replayed {
  readonly write: Write;
  /** The JSON of its key; null where it has none. */
  readonly keyJson: string | null;
  /** Where the key is made anew. */
  readonly writesKey: boolean;
}

/** Replays a sample. */
export interface SampleWriter {
  /** The next event. @param hotKey the JSON of its key, where events of one key are asked for */
  write(eventMs: number, hotKey?: string): { readonly value: string; readonly keyJson: string | null };
  drawKey(random: Random): string | undefined;
}

/** Timestamps of an event that are not further away from its time move with it. */
const NEAR_MS = 86_400_000;

/**
 * Replays the events of a sample in their order, again and again, with new event times, new values
 * of the primary key, and those of hints.
 */
export function sampleWriter(pipeline: Pipeline, { lines }: Sample, seed: string): SampleWriter {
  const templates = new Templates(pipeline, lines, seed);
  const all = lines.map((line) => templates.of(line));
  const byKey = new Map<string, Replayed[]>();
  for (const event of all) {
    if (event.keyJson === null) continue;
    byKey.set(event.keyJson, [...(byKey.get(event.keyJson) ?? []), event]);
  }
  const keys = [...byKey.keys()];
  const nextOf = new Map<string, number>();
  let next = 0;
  return {
    write(eventMs, hotKey) {
      const ofKey = hotKey === undefined ? undefined : byKey.get(hotKey);
      const at = ofKey ? (nextOf.get(hotKey ?? '') ?? 0) : next;
      if (ofKey) nextOf.set(hotKey ?? '', at + 1);
      else next += 1;
      const list = ofKey ?? all;
      const event = list[at % list.length] as Replayed;
      const value = event.write(eventMs);
      return { value, keyJson: event.writesKey ? templates.keyOf(value) : event.keyJson };
    },
    drawKey: (random) => keys[Math.floor(random.fraction() * keys.length)],
  };
}

/** Makes templates of a sample's events: constant text, with places for what is new in each event. */
class Templates {
  readonly #pipeline: Pipeline;
  readonly #hints: ReadonlyMap<string, Hint>;
  readonly #compiler: ContractCompiler;
  readonly #hinted = new Map<string, Write>();
  readonly #unique: ReadonlySet<string>;
  readonly #counters = new Map<string, IdCounter>();
  readonly #randoms = new Map<string, Random>();
  readonly #seed: string;

  constructor(pipeline: Pipeline, lines: readonly string[], seed: string) {
    this.#pipeline = pipeline;
    this.#seed = seed;
    this.#hints = hintsOf(pipeline);
    this.#compiler = new ContractCompiler(pipeline, seed);
    this.#unique = new Set(pipeline.generate?.unique);
    for (const line of lines) {
      for (const { name, from, to } of jsonMembers(line)) {
        if (this.#unique.has(name)) this.#counter(name).note(line.slice(from, to));
      }
    }
  }

  of(line: string): Replayed {
    const { fields, source, eventTime } = this.#pipeline;
    const oldMs = this.#eventMsOf(line);
    const parts: (string | Write)[] = [];
    let done = 0;
    const put = (from: number, to: number, write: Write): void => {
      parts.push(line.slice(done, from), write);
      done = to;
    };
    this.#visit(line, 0, fields, [], oldMs, put);
    parts.push(line.slice(done));
    const write: Write = (eventMs) => {
      let text = '';
      for (const part of parts) text += typeof part === 'string' ? part : part(eventMs);
      return text;
    };
    const key = source.key;
    const writesKey =
      key !== null &&
      (this.#unique.has(key) || key === eventTime.field || this.#hints.has(fieldPathText([key])));
    return { write, keyJson: this.keyOf(line), writesKey };
  }

  /** The JSON of an event's key; null where it has none. */
  keyOf(value: string): string | null {
    const member = jsonMembers(value).findLast(({ name }) => name === this.#pipeline.source.key);
    return member ? value.slice(member.from, member.to) : null;
  }

  #visit(
    line: string,
    start: number,
    fields: readonly Field[],
    path: FieldPath,
    oldMs: number | undefined,
    put: (from: number, to: number, write: Write) => void,
  ): void {
    for (const { name, from, to } of jsonMembers(line, start)) {
      const field = fields.find((each) => each.name === name);
      if (field) this.#value(line, from, to, field, [...path, name], oldMs, put);
    }
  }

  #value(
    line: string,
    from: number,
    to: number,
    item: Item,
    path: FieldPath,
    oldMs: number | undefined,
    put: (from: number, to: number, write: Write) => void,
  ): void {
    const json = line.slice(from, to);
    const write = this.#replacement(json, item, path, oldMs);
    if (write) put(from, to, write);
    else if (item.type.kind === 'object' && json.startsWith('{'))
      this.#visit(line, from, item.type.fields, path, oldMs, put);
    else if (item.type.kind === 'array') {
      for (const element of jsonMembers(line, from))
        this.#value(line, element.from, element.to, item.type.items, [...path, null], oldMs, put);
    }
  }

  /** What is written in a value's place. Undefined: the value itself. */
  #replacement(json: string, item: Item, path: FieldPath, oldMs: number | undefined): Write | undefined {
    const text = fieldPathText(path);
    const [first = ''] = path;
    if (path.length === 1 && first === this.#pipeline.eventTime.field && item.type.kind === 'timestamp')
      return timeWriterLike(json, item.type);
    if (this.#hints.has(text)) return this.#hintOf(text, path);
    if (json === 'null') return undefined;
    if (path.length === 1 && first !== null && this.#unique.has(first))
      return idWriterLike(json, item.constraints, this.#counter(first), this.#random(first));
    if (item.type.kind !== 'timestamp' || oldMs === undefined) return undefined;
    const valueMs = msOf(json, item);
    if (valueMs === undefined || Math.abs(valueMs - oldMs) > NEAR_MS) return undefined;
    const like = timeWriterLike(json, item.type);
    return (eventMs) => like(eventMs + valueMs - oldMs);
  }

  #hintOf(text: string, path: FieldPath): Write {
    const write = this.#hinted.get(text) ?? this.#compiler.field(path);
    this.#hinted.set(text, write);
    return write;
  }

  #counter(name: string): IdCounter {
    const counter = this.#counters.get(name) ?? new IdCounter();
    this.#counters.set(name, counter);
    return counter;
  }

  #random(name: string): Random {
    const random =
      this.#randoms.get(name) ?? seededRandom(derivedSeed(this.#seed, `field ${fieldPathText([name])}`));
    this.#randoms.set(name, random);
    return random;
  }

  /** The time at which the event happened. Undefined where its record has the time. */
  #eventMsOf(line: string): number | undefined {
    const { eventTime, fields } = this.#pipeline;
    const field = fields.find(({ name }) => name === eventTime.field);
    const member = jsonMembers(line).findLast(({ name }) => name === eventTime.field);
    if (eventTime.field === KAFKA_TS || !field || !member) return undefined;
    return msOf(line.slice(member.from, member.to), field);
  }
}

/** The instant of a timestamp's JSON. */
function msOf(json: string, { type }: Item): number | undefined {
  const event = readJsonObject(`{"value":${json}}`);
  const value = event && valueReader(type)(memberOf(event, 'value'));
  return typeof value === 'bigint' ? Math.floor(Number(value) / 1000) : undefined;
}
