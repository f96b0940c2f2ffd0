import { SETTING_TABLE } from '../../orchestrator/settings/setting-table.ts';
import type { BurstShape, EventClock, LoadProfile } from '../generate/event-clock.ts';
import type {
  EventSource,
  OpenEventSource,
  OutgoingRecord,
  RecordSource,
  RecordTrace,
} from '../generate/event-source.ts';
import { derivedSeed, drawFrom, drawNormal, type Random, seededRandom } from '../generate/random.ts';

/** The input of the stream. */
interface StreamOptions {
  readonly open: OpenEventSource;
  /** The seed of everything random. */
  readonly seed: string;
  readonly clock: EventClock;
  readonly profile: LoadProfile;
  readonly plan: FaultPlan;
}

/** A duplicate repeats one of this many preceding records. */
const REMEMBERED = 64;
/** An event that is out of order is overtaken by at most this many events. */
const MOST_OVERTAKING = 20;

/**
 * The records in the order in which they are sent. Record n depends only on the seed, on n and on
 * the event times. Faults are drawn from a random stream of their own.
 */
export function createRecordStream(options: StreamOptions): RecordSource {
  const { open, seed, clock, plan } = options;
  const faults = seededRandom(derivedSeed(seed, 'faults'));
  const source = open({ seed, faults, fraudRate: plan.fraudRate });
  if (hasFaults(plan)) return new FaultyStream(options, source, faults);
  let count = 0;
  return { next: (nowMs) => source.next(clock.timeOf(count++, nowMs), nowMs) };
}

class FaultyStream implements RecordSource {
  readonly #clock: EventClock;
  readonly #profile: LoadProfile;
  readonly #plan: FaultPlan;
  readonly #source: EventSource;
  readonly #random: Random;
  /** Records without faults that a duplicate may repeat. The oldest is overwritten first. */
  readonly #remembered: OutgoingRecord[] = [];
  #rememberedCount = 0;
  #count = 0;

  constructor({ clock, profile, plan }: StreamOptions, source: EventSource, faults: Random) {
    this.#clock = clock;
    this.#profile = profile;
    this.#plan = plan;
    this.#source = source;
    this.#random = faults;
  }

  /** A record has at most one fault, the first that applies in the order of this method. */
  next(nowMs: number): OutgoingRecord {
    const { malformedRate, duplicateRate, lateRate, outOfOrderRate } = this.#plan;
    const number = this.#count++;
    const eventMs = this.#clock.timeOf(number, nowMs);
    const draw = this.#random.fraction();
    let bound = malformedRate;
    if (draw < bound) return this.#malformed(eventMs, nowMs);
    bound += duplicateRate;
    if (draw < bound) return this.#duplicate(nowMs) ?? this.#plain(number, eventMs, nowMs);
    bound += lateRate;
    if (draw < bound) return this.#earlier('late', eventMs - drawLatenessMs(this.#random), nowMs);
    bound += outOfOrderRate;
    if (draw < bound) return this.#earlier('out_of_order', eventMs - this.#overtakenMs(), nowMs);
    return this.#plain(number, eventMs, nowMs);
  }

  #malformed(eventMs: number, nowMs: number): OutgoingRecord {
    const event = this.#source.next(eventMs, nowMs);
    const { kind, value, reason } = this.#source.malformed(this.#random, event);
    const { key, timestampMs } = event;
    return { key, value, timestampMs, trace: { fault: `malformed:${kind}`, reason } };
  }

  #duplicate(nowMs: number): OutgoingRecord | undefined {
    if (this.#remembered.length === 0) return undefined;
    const { key, value, timestampMs, trace } = drawFrom(this.#random, this.#remembered);
    return {
      key,
      value,
      timestampMs: this.#source.isTimedByRecord === true ? timestampMs : nowMs,
      trace: { fault: 'duplicate', ...(trace && { original: trace }) },
    };
  }

  #earlier(fault: string, eventMs: number, nowMs: number): OutgoingRecord {
    return { ...this.#source.next(eventMs, nowMs), trace: { fault } };
  }

  #overtakenMs(): number {
    return Math.ceil((1 + Math.floor(this.#random.fraction() * MOST_OVERTAKING)) * this.#clock.stepMs);
  }

  #plain(number: number, eventMs: number, nowMs: number): OutgoingRecord {
    const fraud = this.#source.nextFraud?.(eventMs, nowMs);
    if (fraud) return { ...fraud, trace: { fault: 'fraud' } };
    const isHot = this.#plan.hotKeyRate > 0 && this.#random.fraction() < this.#plan.hotKeyRate;
    const record = isHot ? this.#source.nextHot(eventMs, nowMs) : this.#source.next(eventMs, nowMs);
    if (isHot) return traced(record, { fault: 'hot_key' });
    if (this.#profile.isBurst(number)) return traced(record, { fault: 'burst' });
    return this.#plan.duplicateRate > 0 ? this.#remember(record) : record;
  }

  #remember(record: OutgoingRecord): OutgoingRecord {
    const remembered = traced(record, {});
    this.#remembered[this.#rememberedCount++ % REMEMBERED] = remembered;
    return remembered;
  }
}

function traced({ key, value, timestampMs }: OutgoingRecord, trace: RecordTrace): OutgoingRecord {
  return { key, value, timestampMs, trace };
}

/** Half of the late events are less late than this. */
export const MEDIAN_LATENESS_MS = 90_000;
/** Standard deviation of the logarithm of the lateness. */
export const LATENESS_SPREAD = 1.2;
const LEAST_MS = 1_000;
const MOST_MS = 3_600_000;

/**
 * How long before it is sent a late event happened: log-normal with a median of 90 s, from a second
 * to an hour. One in six is later than the five minutes of gold's watermark.
 */
function drawLatenessMs(random: Random): number {
  const drawn = MEDIAN_LATENESS_MS * Math.exp(LATENESS_SPREAD * drawNormal(random));
  return Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, drawn)));
}

/**
 * Which faults are injected into the stream, and how often. Rates are shares of the sent records,
 * from 0 to 1.
 */
export interface FaultPlan {
  /** Events that happened longer before they are sent than others. See {@link drawLatenessMs}. */
  readonly lateRate: number;
  /** Records that are sent once more, byte for byte. */
  readonly duplicateRate: number;
  /** Values that give no silver row. */
  readonly malformedRate: number;
  /** Records that are overtaken by a few that happened after them. */
  readonly outOfOrderRate: number;
  /** Payments with stolen cards, in sprees. */
  readonly fraudRate: number;
  /** Transactions of a single card. */
  readonly hotKeyRate: number;
  /** Undefined for a steady load. */
  readonly burst: BurstShape | undefined;
}

/** No faults. */
export const NO_FAULTS: FaultPlan = {
  lateRate: 0,
  duplicateRate: 0,
  malformedRate: 0,
  outOfOrderRate: 0,
  fraudRate: 0,
  hotKeyRate: 0,
  burst: undefined,
};

/** Whether an answer key would have any content. */
export function hasFaults(plan: FaultPlan): boolean {
  return Object.values(plan).some((part) => part !== undefined && part !== 0);
}

export const SCENARIO_NAMES = SETTING_TABLE.SCENARIO.takes.choices;

/** The name of a scenario. */
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** The named mixtures of faults. A setting for one fault replaces the scenario's value. */
export const SCENARIOS = {
  /** Records without faults. */
  clean: NO_FAULTS,
  /** A little of everything that goes wrong between a till and a topic. */
  messy: {
    ...NO_FAULTS,
    lateRate: 0.02,
    duplicateRate: 0.01,
    malformedRate: 0.01,
    outOfOrderRate: 0.05,
    hotKeyRate: 0.05,
  },
  /** Every fifth event comes late. */
  late: { ...NO_FAULTS, lateRate: 0.2, outOfOrderRate: 0.1 },
  /** Ten times the load for five seconds of every minute. */
  burst: { ...NO_FAULTS, burst: { factor: 10, lastsSeconds: 5, everySeconds: 60 } },
  /** Sprees of high amounts on a few stolen cards. */
  fraud: { ...NO_FAULTS, fraudRate: 0.01 },
} as const satisfies Record<ScenarioName, FaultPlan>;
