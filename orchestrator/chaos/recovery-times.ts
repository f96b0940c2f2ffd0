import { FAULT_KINDS, type FaultKind } from './fault.ts';
import type { FaultOutcome } from './run-chaos.ts';

/** Recovery times of some faults, in whole milliseconds; null without any. */
export interface RecoveryTimes {
  readonly faults: number;
  readonly medianMs: number | null;
  readonly maxMs: number | null;
}

/** Per kind that occurred, in the order of the kinds, and over all. */
export function recoveryTimes(outcomes: readonly FaultOutcome[]): {
  readonly all: RecoveryTimes;
  readonly kinds: Readonly<Partial<Record<FaultKind, RecoveryTimes>>>;
} {
  const kinds: Partial<Record<FaultKind, RecoveryTimes>> = {};
  for (const kind of FAULT_KINDS) {
    const ofKind = timesOf(outcomes.filter(({ fault }) => fault.kind === kind));
    if (ofKind.faults > 0) kinds[kind] = ofKind;
  }
  return { all: timesOf(outcomes), kinds };
}

function timesOf(outcomes: readonly FaultOutcome[]): RecoveryTimes {
  const times = outcomes
    .flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs]))
    .toSorted((one, other) => one - other);
  const middle = (times.length - 1) / 2;
  const [low, high] = [times[Math.floor(middle)], times[Math.ceil(middle)]];
  return {
    faults: times.length,
    medianMs: low === undefined || high === undefined ? null : Math.round((low + high) / 2),
    maxMs: times.length === 0 ? null : Math.round(times.at(-1) ?? 0),
  };
}
