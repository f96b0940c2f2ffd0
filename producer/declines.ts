const BASE = 0.025;
const ABROAD = 0.05;
/** Amounts above this many euros are declined more often … */
const HIGH_EUROS = 200;
/** … by this much for every doubling. */
const PER_DOUBLING = 0.05;
const MOST = 0.4;

/** The chance that a payment is declined: 2.5 %, 5 points more abroad and for each doubling above 200 euros, at most 40 %. */
export function declineChance(euros: number, isAbroad: boolean): number {
  const doublings = euros > HIGH_EUROS ? Math.log2(euros / HIGH_EUROS) : 0;
  return Math.min(MOST, BASE + (isAbroad ? ABROAD : 0) + PER_DOUBLING * doublings);
}
