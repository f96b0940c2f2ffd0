/** A step before it starts. */
export interface PlannedStep {
  readonly step: string;
  readonly title: string;
  readonly after: readonly string[];
}

/**
 * What happens during a command, as data; how it looks is a reporter's business. The command's result is none
 * of it: `main` prints that once. Times are milliseconds since its start.
 */
export type ReportEvent =
  | { readonly type: 'plan'; readonly steps: readonly PlannedStep[] }
  | { readonly type: 'step-started'; readonly step: string; readonly title: string }
  | { readonly type: 'step-detail'; readonly step: string; readonly detail: string }
  | { readonly type: 'step-done'; readonly step: string; readonly detail: string; readonly elapsedMs: number }
  | {
      readonly type: 'step-failed';
      readonly step: string;
      readonly error: unknown;
      readonly elapsedMs: number;
    }
  | { readonly type: 'undo'; readonly step: string; readonly title: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'warning'; readonly text: string }
  /** Something that a long command has done, for people and as data. */
  | {
      readonly type: 'progress';
      readonly event: string;
      readonly data: Readonly<Record<string, unknown>>;
      readonly text: string;
    };

/** Takes events in the order in which they happen. */
export interface Reporter {
  emit(event: ReportEvent): void;
  /** Leaves the terminal as it was found; called once, also after a failure. */
  close(): Promise<void>;
}
