import type { Place } from './population.ts';

/** The source of records' event times. All times are whole milliseconds since the epoch. */
export interface EventClock {
  /** The event time of record n (from 0), which is sent now. */
  timeOf(record: number, nowMs: number): number;
  /** The time between two records when there is no burst, at least a millisecond. */
  readonly stepMs: number;
}

/** Events happen when they are sent. */
export function wallClock(recordsPerSecond: number): EventClock {
  return {
    timeOf: (_, nowMs) => nowMs,
    stepMs: recordsPerSecond === 0 ? 1 : Math.max(1, 1000 / recordsPerSecond),
  };
}

/** Events happen at times that depend only on the record's number, at any rate of sending. */
export function countedClock(startMs: number, eventsPerSecond: number, profile: LoadProfile): EventClock {
  const unitMs = 1000 / eventsPerSecond;
  return {
    timeOf: (record) => startMs + Math.floor(profile.unitsOf(record) * unitMs),
    stepMs: Math.max(1, unitMs),
  };
}

/**
 * Bursts: for `lastsSeconds` at the end of every `everySeconds` there are `factor` times as many
 * records.
 */
export interface BurstShape {
  /** Above 1. */
  readonly factor: number;
  readonly lastsSeconds: number;
  /** More than `lastsSeconds`. */
  readonly everySeconds: number;
}

/**
 * The distribution of records over time at a base rate. Time is counted in units: one unit is the
 * time from one record to the next at the base rate, so that one profile serves any rate.
 */
export interface LoadProfile {
  /** When record n (from 0) is due, in units since the start. */
  unitsOf(record: number): number;
  /**
   * How many records are due once this many units have passed since the first, as a fraction. It is
   * the inverse of `unitsOf`.
   */
  recordsBy(units: number): number;
  isBurst(record: number): boolean;
  /** The highest rate as a multiple of the base rate. */
  readonly peak: number;
}

/** A record at every unit. */
export const STEADY: LoadProfile = {
  unitsOf: (record) => record,
  recordsBy: (units) => units,
  isBurst: () => false,
  peak: 1,
};

/** @param unitsPerSecond the base rate that the shape's seconds are meant at */
export function burstProfile(shape: BurstShape, unitsPerSecond: number): LoadProfile {
  const { factor } = shape;
  const periodUnits = shape.everySeconds * unitsPerSecond;
  const quietUnits = (shape.everySeconds - shape.lastsSeconds) * unitsPerSecond;
  const periodRecords = quietUnits + (periodUnits - quietUnits) * factor;
  /** The period of a record, and how many records of the period precede it. */
  const within = (record: number): readonly [period: number, records: number] => {
    const period = Math.floor(record / periodRecords);
    return [period, record - period * periodRecords];
  };
  return {
    unitsOf(record) {
      const [period, records] = within(record);
      const burst = Math.max(0, records - quietUnits);
      return period * periodUnits + Math.min(records, quietUnits) + burst / factor;
    },
    recordsBy(units) {
      const period = Math.floor(units / periodUnits);
      const rest = units - period * periodUnits;
      return period * periodRecords + Math.min(rest, quietUnits) + Math.max(0, rest - quietUnits) * factor;
    },
    isBurst: (record) => within(record)[1] >= quietUnits,
    peak: factor,
  };
}

/** How active cards are in each hour of the local day, relative to the busiest. */
const ACTIVITY_BY_HOUR: readonly number[] = [
  ...[0.1, 0.06, 0.04, 0.03, 0.04, 0.08, 0.2, 0.4, 0.6, 0.7, 0.75, 0.85],
  ...[1, 0.95, 0.8, 0.75, 0.8, 0.95, 1, 0.95, 0.8, 0.6, 0.4, 0.2],
];
const HOUR_MS = 3_600_000;
const DEGREES_OF_AN_HOUR = 15;

/**
 * How active people are at a place at an instant, above 0 and at most 1. Local time is solar time
 * (15° of longitude an hour), which needs no tables of time zones and is the same in every version
 * of Node.
 */
export function activityAt(place: Place, timeMs: number): number {
  const hours = Math.floor(timeMs / HOUR_MS + place.lon / DEGREES_OF_AN_HOUR);
  return ACTIVITY_BY_HOUR[((hours % 24) + 24) % 24] as number;
}

const BASE = 0.025;
const ABROAD = 0.05;
/** Amounts above this many euros are declined more often … */
const HIGH_EUROS = 200;
/** … by this much for every doubling. */
const PER_DOUBLING = 0.05;
const MOST = 0.4;

/**
 * The chance that a payment is declined: 2.5 %, 5 points more abroad and for each doubling above
 * 200 euros, at most 40 %.
 */
export function declineChance(euros: number, isAbroad: boolean): number {
  const doublings = euros > HIGH_EUROS ? Math.log2(euros / HIGH_EUROS) : 0;
  return Math.min(MOST, BASE + (isAbroad ? ABROAD : 0) + PER_DOUBLING * doublings);
}
