import type { Pipeline } from '../../orchestrator/pipeline/model.ts';
import { KAFKA_TS } from '../../orchestrator/pipeline/model.ts';
import { userCommand } from '../../orchestrator/util/user-command.ts';
import { ConfigError } from '../errors.ts';
import type { EventRecord, EventSource, OpenEventSource } from '../generate/event-source.ts';
import { derivedSeed, type Random, seededRandom } from '../generate/random.ts';
import { type ReasonOf, reasonsBy } from './classified-events.ts';
import { contractWriter, hasKey } from './contract-events.ts';
import { keyText } from './json-members.ts';
import { malformerOf } from './malformed-event.ts';
import { readSample, type Sample, sampleWriter } from './sample-events.ts';

/** What a strategy writes: the value of the next event, and the JSON of its key. */
interface EventWriter {
  /** @param hotKey the JSON of the key, where an event with this one is asked for */
  write(eventMs: number, hotKey?: string): { readonly value: string; readonly keyJson: string | null };
  /** Draws the JSON of a key that events have. Undefined where they have none. */
  drawKey(random: Random, eventMs: number): string | undefined;
}

/** Makes the writer of a seed. The same seed and times give the same events. */
export type OpenWriter = (seed: string) => EventWriter;

/** Events checked at the start, of random streams of their own. */
const CHECKED = 100;
const CHECK_SEED = 'check';
/** Draws after which an event that meets every condition is given up. */
const TRIES = 1000;

/** Makes events up from the contract. */
export function contractEvents(pipeline: Pipeline): OpenWriter {
  return (seed) => {
    const contract = contractWriter(pipeline, seed);
    return {
      write: (eventMs, hotKey) => ({ value: contract.write(eventMs, hotKey), keyJson: contract.keyJson() }),
      drawKey: (random, eventMs) => contract.drawKey?.(random, eventMs),
    };
  };
}

/** Replays the events of a folder's sample. */
export function sampleEvents(
  folder: string,
  pipeline: Pipeline,
  nowMs: number,
): { readonly open: OpenWriter; readonly note: string | undefined } {
  const sample: Sample = readSample(folder, pipeline, reasonsBy(pipeline), nowMs);
  return { open: (seed) => sampleWriter(pipeline, sample, seed), note: sample.note };
}

/**
 * The events that a strategy writes, as a source of records. At the start it makes some and checks
 * that the pipeline takes each of them.
 *
 * @param startMs about when events begin, milliseconds since the epoch
 * @throws {ConfigError} naming the reason for which the pipeline would refuse an event
 */
export function pipelineEvents(pipeline: Pipeline, open: OpenWriter, startMs: number): OpenEventSource {
  const reasonOf = reasonsBy(pipeline);
  const checked = new WrittenEvents(pipeline, open(CHECK_SEED), reasonOf);
  const examples = Array.from({ length: CHECKED }, (_, at) => checked.checkedNext(startMs + at));
  // Only a run with faults needs it, and it tries every way of making an event malformed.
  let malform: ReturnType<typeof malformerOf> | undefined;
  return ({ seed, faults }) => {
    const events = new WrittenEvents(pipeline, open(seed), reasonOf);
    const hotKey = events.drawHotKey(faults, startMs);
    return {
      isTimedByRecord: pipeline.eventTime.field === KAFKA_TS,
      next: (eventMs, timestampMs) => events.next(eventMs, timestampMs),
      nextHot: (eventMs, timestampMs) => events.next(eventMs, timestampMs, hotKey),
      malformed(random, event) {
        malform ??= malformerOf(pipeline, reasonOf, examples);
        return malform(random, event);
      },
    } satisfies EventSource;
  };
}

class WrittenEvents {
  readonly #pipeline: Pipeline;
  readonly #writer: EventWriter;
  readonly #reasonOf: ReasonOf;
  readonly #isTimedByRecord: boolean;
  readonly #hasConditions: boolean;
  readonly #hasKey: boolean;

  constructor(pipeline: Pipeline, writer: EventWriter, reasonOf: ReasonOf) {
    this.#pipeline = pipeline;
    this.#writer = writer;
    this.#reasonOf = reasonOf;
    this.#isTimedByRecord = pipeline.eventTime.field === KAFKA_TS;
    this.#hasConditions = pipeline.expectations.expectOrQuarantine.length > 0;
    this.#hasKey = hasKey(pipeline);
  }

  /** Only conditions are checked for every event: constraints are kept by how values are drawn. */
  next(eventMs: number, timestampMs: number, hotKey?: string): EventRecord {
    return this.#hasConditions
      ? this.#accepted(eventMs, timestampMs, hotKey)
      : this.#record(eventMs, timestampMs, hotKey);
  }

  checkedNext(eventMs: number): EventRecord {
    return this.#accepted(eventMs, eventMs);
  }

  /** Draws the key of a hot key's records. */
  drawHotKey(faults: Random, startMs: number): string | undefined {
    const draw = seededRandom(derivedSeed(String(faults.word()), 'hot key'));
    return this.#writer.drawKey(draw, startMs);
  }

  #accepted(eventMs: number, timestampMs: number, hotKey?: string): EventRecord {
    let reason: string | undefined;
    for (let tries = 0; tries < TRIES; tries++) {
      // A key for which no event is right is given up before the event is.
      const record = this.#record(eventMs, timestampMs, tries < TRIES / 2 ? hotKey : undefined);
      reason = this.#reasonOf(record.value, record.timestampMs);
      if (reason === undefined) return record;
      if (/^(missing|bad)_|^(wrong_type|unknown_field)$/.test(reason) && !this.#isCondition(reason)) break;
    }
    throw new ConfigError(
      `PIPELINE=${this.#pipeline.name}: the producer's events would go to quarantine with the reason ${reason}: give the fields that it is about hints in generate.fields of pipeline.yml, then run \`${userCommand('generate')}\``,
    );
  }

  #isCondition(reason: string): boolean {
    return this.#pipeline.expectations.expectOrQuarantine.some(({ name }) => name === reason);
  }

  #record(eventMs: number, timestampMs: number, hotKey?: string): EventRecord {
    const { value, keyJson } = this.#writer.write(eventMs, hotKey);
    return {
      key: this.#hasKey && keyJson !== null ? keyText(keyJson) : null,
      value,
      timestampMs: this.#isTimedByRecord ? eventMs : timestampMs,
    };
  }
}
