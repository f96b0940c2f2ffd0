/** What was found of one thing. `note`: worth knowing, the stack works without; `problem`: `up` would stop there. */
export interface DoctorCheck {
  /** "Python", "port 9094". */
  readonly name: string;
  readonly state: 'ok' | 'note' | 'problem';
  /** What was seen, in a phrase. */
  readonly detail: string;
  /** The command or setting that mends it. */
  readonly remedy?: string;
}

/** The state of the machine, in the order in which `up` needs it. */
export interface DoctorReport {
  readonly checks: readonly DoctorCheck[];
  /** How many of the checks are problems; `up` can start when there is none. */
  readonly problems: number;
}

/** A part of the report. */
export type Check = (signal: AbortSignal) => Promise<readonly DoctorCheck[]>;
