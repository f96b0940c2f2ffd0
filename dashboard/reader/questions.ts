import type { VerifyOutcome } from '../../orchestrator/verify/verify-outcome.ts';

/** A table for the page: every cell as text, long ones cut; null where there is no value. */
export interface ShownTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  /** Whether there are more rows than these. */
  readonly hasMore: boolean;
}

/** The most active groups of a gold table in its newest windows. */
export interface ShownGroups {
  readonly table: string;
  /** The start of each window, ISO-8601 with Z, oldest first. */
  readonly windows: readonly string[];
  /** The measure that is counted for each window. */
  readonly measure: string;
  /** Groups in these windows, shown or not. */
  readonly groupCount: number;
  /** The most active first. */
  readonly groups: readonly {
    readonly name: string;
    /** By window. */
    readonly values: readonly number[];
  }[];
}

/** The newest record that was rejected for a reason. */
export interface RejectedExample {
  readonly reason: string;
  readonly detail: string | null;
  readonly value: string | null;
  readonly partition: number;
  readonly offset: number;
}

/** What the dashboard asks about the contents of the outputs, and what it gets. */
export interface Questions {
  readonly rows: { readonly ask: { readonly output: string }; readonly answer: ShownTable };
  readonly sql: { readonly ask: { readonly sql: string }; readonly answer: ShownTable };
  readonly gold: { readonly ask: { readonly table: string }; readonly answer: ShownGroups };
  readonly rejected: { readonly ask: object; readonly answer: readonly RejectedExample[] };
  readonly verify: { readonly ask: { readonly deep: boolean }; readonly answer: VerifyOutcome };
}

export type QuestionName = keyof Questions;

/** A question as it is sent to the reader's process. */
export type SentQuestion = {
  readonly [Name in QuestionName]: { readonly name: Name } & Questions[Name]['ask'];
}[QuestionName];

/** What the reader's process sends: how far it is, or the end of the question. */
export type Sent =
  | { readonly progress: string }
  | { readonly answer: Questions[QuestionName]['answer'] }
  | { readonly error: { readonly message: string; readonly isUsers: boolean } };
