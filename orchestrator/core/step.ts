/** What a step is given while it runs. */
export interface StepContext {
  /** Aborted on Ctrl-C and when another step of the plan failed. */
  readonly signal: AbortSignal;
  /** Says what the step is waiting for or doing, shown beside its name. */
  readonly onDetail: (detail: string) => void;
}

/** A named part of a plan. It starts as soon as every step named in `after` is done; others run at the same time. */
export interface Step {
  readonly name: string;
  /** What it does, for people: "Start Kafka". */
  readonly title: string;
  readonly after: readonly string[];
  /** Does the work and waits for its gate; resolves with one line on what was reached. */
  run(context: StepContext): Promise<string>;
  /** Takes back what `run` did or had begun to do. Registered before `run`; called in reverse order of start. */
  undo?(): Promise<void>;
}

/** When a step ran, in milliseconds since the plan's start. */
export interface StepTiming {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly after: readonly string[];
}
