import type { DifferenceKind } from '../outputs/verify/difference.ts';
import type { VerifyReport } from '../outputs/verify/verify-report.ts';
import type { Fault } from './fault.ts';

/** What is wrong with the outputs, in the three words that count: records or rows. */
export interface Damage {
  /** Committed and not there. */
  readonly missing: number;
  /** There more than once. */
  readonly doubled: number;
  /** Anything else that verification calls a difference. */
  readonly wrong: number;
}

/** One verification, as chaos tells of it. */
export interface Verified extends Damage {
  readonly equal: boolean;
  readonly committedBatch: number | null;
  /** Rows in bronze that were compared. */
  readonly records: number;
  /** Records of the topic that were not processed yet. */
  readonly lag: number;
}

/** What became of one fault of the schedule. */
export interface FaultOutcome {
  readonly fault: Fault;
  /** When it struck, ISO-8601 with Z; undefined when it did not. */
  readonly at?: string;
  /** What was struck. */
  readonly on?: readonly string[];
  /** Why it could not be made on this machine. */
  readonly skipped?: string;
  /** From its end (nothing is held any more) until the stack had recovered, in milliseconds; undefined when it has not. */
  readonly recoveryMs?: number;
  readonly verified?: Verified;
}

const MISSING: readonly DifferenceKind[] = ['missing', 'in-neither', 'gold-missing', 'lost-to-retention'];
const DOUBLED: readonly DifferenceKind[] = ['doubled', 'in-both', 'gold-doubled', 'file-doubled'];

/** A report of `verify` in the words of chaos. */
export function verified(report: VerifyReport): Verified {
  const count = (kinds: (kind: DifferenceKind) => boolean): number =>
    report.differences
      .filter(({ kind }) => kinds(kind))
      .reduce((sum, difference) => sum + difference.count, 0);
  const isMissing = (kind: DifferenceKind) => MISSING.includes(kind);
  const isDoubled = (kind: DifferenceKind) => DOUBLED.includes(kind);
  return {
    equal: report.equal,
    committedBatch: report.committedBatch,
    records: report.counts.bronze,
    lag: report.lag,
    missing: count(isMissing),
    doubled: count(isDoubled),
    wrong: count((kind) => !isMissing(kind) && !isDoubled(kind)),
  };
}
