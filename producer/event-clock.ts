import type { LoadProfile } from './load-profile.ts';

/** Where the event times of records come from. All times are whole milliseconds since the epoch. */
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

/** Events happen at times that depend on nothing but the record's number: the same for any rate of sending. */
export function countedClock(startMs: number, eventsPerSecond: number, profile: LoadProfile): EventClock {
  const unitMs = 1000 / eventsPerSecond;
  return {
    timeOf: (record) => startMs + Math.floor(profile.unitsOf(record) * unitMs),
    stepMs: Math.max(1, unitMs),
  };
}
