/** The outcome of one verification, as the dashboard keeps and shows it. */
export interface VerifyOutcome {
  readonly equal: boolean;
  /** Whether every value was compared. */
  readonly deep: boolean;
  /** The last committed micro-batch, null before the first. */
  readonly committedBatch: number | null;
  readonly lag: number;
  readonly differenceCount: number;
  /** The report for people, cut. */
  readonly text: string;
}

/** What is read of a `VerifyReport`. The page, which has this type too, knows nothing else of it. */
type Reported = Pick<VerifyOutcome, 'equal' | 'committedBatch' | 'lag' | 'differenceCount'> & {
  readonly deep: object | null;
};

/** Characters of the text. A report of a thousand partitions is as long as that. */
export const MOST_TEXT = 8000;

/**
 * What is kept of a report.
 * @param text the report for people
 */
export function verifyOutcome(
  { equal, deep, committedBatch, lag, differenceCount }: Reported,
  text: string,
): VerifyOutcome {
  return {
    ...{ equal, deep: deep !== null, committedBatch, lag, differenceCount },
    // The verdict is the last line.
    text: text.length > MOST_TEXT ? `…${text.slice(-MOST_TEXT)}` : text,
  };
}
