import type { BurstShape } from '../load-profile.ts';

/** Which faults are put into the stream, and how often. Rates are shares of the records that are sent, from 0 to 1. */
export interface FaultPlan {
  /** Events that happened longer before they are sent than the rest; see {@link drawLatenessMs}. */
  readonly lateRate: number;
  /** Records that are sent once more, byte for byte. */
  readonly duplicateRate: number;
  /** Values that make no silver row. */
  readonly malformedRate: number;
  /** Records that are overtaken by a few that happened after them. */
  readonly outOfOrderRate: number;
  /** Payments with stolen cards, in sprees. */
  readonly fraudRate: number;
  /** Transactions of one and the same card. */
  readonly hotKeyRate: number;
  /** Undefined for a steady load. */
  readonly burst: BurstShape | undefined;
}

/** Nothing on purpose. */
export const NO_FAULTS: FaultPlan = {
  lateRate: 0,
  duplicateRate: 0,
  malformedRate: 0,
  outOfOrderRate: 0,
  fraudRate: 0,
  hotKeyRate: 0,
  burst: undefined,
};

/** Whether there is anything for an answer key to tell. */
export function hasFaults(plan: FaultPlan): boolean {
  return Object.values(plan).some((part) => part !== undefined && part !== 0);
}
