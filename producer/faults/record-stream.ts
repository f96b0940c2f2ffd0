import { drawFrom } from '../draw.ts';
import type { EventClock } from '../event-clock.ts';
import { createRecordSource, type TransactionSource } from '../generate.ts';
import type { LoadProfile } from '../load-profile.ts';
import type { Card, Population } from '../population.ts';
import { derivedSeed, type Random, seededRandom } from '../random.ts';
import type { OutgoingRecord, RecordSource, RecordTrace } from '../record.ts';
import { type FaultPlan, hasFaults } from './fault-plan.ts';
import { fraudSprees } from './fraud-sprees.ts';
import { drawLatenessMs } from './lateness.ts';
import { drawMalformed } from './malformed.ts';

/** What the stream is made from. */
interface StreamOptions {
  readonly population: Population;
  /** Everything that is drawn follows from this text. */
  readonly seed: string;
  readonly clock: EventClock;
  readonly profile: LoadProfile;
  readonly plan: FaultPlan;
  readonly hasDayAndNight: boolean;
}

/** A duplicate repeats one of this many records before it. */
const REMEMBERED = 64;
/** An event that is out of order is overtaken by at most this many. */
const MOST_OVERTAKING = 20;

/**
 * The records in the order in which they are sent: record n follows from the seed, from n and from the event times, and
 * from nothing else. Faults are drawn from a stream of chance of their own.
 */
export function createRecordStream(options: StreamOptions): RecordSource {
  const { population, seed, clock, plan, hasDayAndNight } = options;
  const random = seededRandom(derivedSeed(seed, 'records'));
  const source = createRecordSource(population, random, { hasDayAndNight });
  if (hasFaults(plan)) return new FaultyStream(options, source);
  let count = 0;
  return { next: (nowMs) => source.next(clock.timeOf(count++, nowMs), nowMs) };
}

class FaultyStream implements RecordSource {
  readonly #clock: EventClock;
  readonly #profile: LoadProfile;
  readonly #plan: FaultPlan;
  readonly #source: TransactionSource;
  readonly #random: Random;
  readonly #hotCard: Card;
  readonly #stolenCard: () => Card | undefined;
  /** Records as they should be that a duplicate may repeat, the oldest overwritten first. */
  readonly #remembered: OutgoingRecord[] = [];
  #rememberedCount = 0;
  #count = 0;

  constructor({ population, seed, clock, profile, plan }: StreamOptions, source: TransactionSource) {
    this.#clock = clock;
    this.#profile = profile;
    this.#plan = plan;
    this.#source = source;
    this.#random = seededRandom(derivedSeed(seed, 'faults'));
    this.#hotCard = drawFrom(this.#random, population.cards);
    this.#stolenCard = fraudSprees(
      seededRandom(derivedSeed(seed, 'fraud')),
      population.cards,
      plan.fraudRate,
    );
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
    const { key, value: right } = this.#source.next(eventMs, nowMs);
    const { kind, value, reason } = drawMalformed(this.#random, right);
    return { key, value, timestampMs: nowMs, trace: { fault: `malformed:${kind}`, reason } };
  }

  #duplicate(nowMs: number): OutgoingRecord | undefined {
    if (this.#remembered.length === 0) return undefined;
    const { key, value, trace } = drawFrom(this.#random, this.#remembered);
    return {
      key,
      value,
      timestampMs: nowMs,
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
    const stolen = this.#stolenCard();
    if (stolen) return { ...this.#source.nextFraud(eventMs, nowMs, stolen), trace: { fault: 'fraud' } };
    const isHot = this.#plan.hotKeyRate > 0 && this.#random.fraction() < this.#plan.hotKeyRate;
    const record = this.#source.next(eventMs, nowMs, isHot ? this.#hotCard : undefined);
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
