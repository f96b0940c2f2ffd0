/** What an error carries beyond its code. */
export interface ProductErrorInit {
  /** One factual sentence with the measured values. */
  readonly message: string;
  /** What to do next, naming a command or a setting. */
  readonly hint: string;
  /** The error below, if any. */
  readonly cause?: unknown;
  /** The last lines of the log of the service concerned, oldest first. */
  readonly logTail?: readonly string[];
  /** The service concerned. */
  readonly service?: string;
}

/**
 * An expected failure: shown as sentence and hint, without a stack trace; the process ends with the
 * exit code of its error code.
 */
export class ProductError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly logTail: readonly string[];
  readonly service: string | undefined;

  constructor(code: ErrorCode, init: ProductErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'ProductError';
    this.code = code;
    this.hint = init.hint;
    this.logTail = init.logTail ?? [];
    this.service = init.service;
  }

  /** The process's exit code for this error. */
  get exitCode(): number {
    return ERROR_CATALOGUE[this.code].exitCode;
  }
}

/** Returns the text of anything thrown, for a sentence. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A connection that IPv6 and IPv4 refused has two reasons and no message of its own.
  if (error.message === '' && error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}

/**
 * Every error that the product reports on purpose: its exit code and what it means. A test checks
 * `docs/errors.md` against this table. Exit codes: 0 done, 2 wrong usage or configuration, 3
 * something is missing on the machine, 4 a step failed or a service did not become ready, 5
 * verification found a difference, 130 interrupted.
 */
export const ERROR_CATALOGUE = {
  BAD_USAGE: { exitCode: 2, meaning: 'The command line has an unknown command, option or combination.' },
  BAD_SETTING: { exitCode: 2, meaning: 'A setting has an unknown name or a value that is not allowed.' },
  BAD_PIPELINE: {
    exitCode: 2,
    meaning: 'A file of the pipeline is missing, or has something that is not executed.',
  },
  OTHER_PIPELINE: {
    exitCode: 2,
    meaning:
      'The outputs were made by another pipeline, which differs by more than additions, or from another topic.',
  },
  BAD_EVENTS: {
    exitCode: 2,
    meaning: 'The file that `new` is given has no events that it can read, or no usable JSON Schema.',
  },
  UNSAFE_PATH: { exitCode: 2, meaning: 'A folder setting points at a place that the product must not own.' },
  OUTPUT_NOT_WRITABLE: {
    exitCode: 2,
    meaning:
      'OUTPUT_DIR, RUN_DIR, the cache or the temporary folder cannot be made, read or written, or its disk is full.',
  },
  CHECKOUT_NOT_READABLE: {
    exitCode: 2,
    meaning: 'The user that Spark runs as in containers cannot read the job in the checkout.',
  },
  FOREIGN_FILES: {
    exitCode: 2,
    meaning: 'A wipe met files that this stack did not make, and deleted nothing.',
  },
  STACK_RUNNING: {
    exitCode: 2,
    meaning:
      'The action, or a setting that a flag asks for, needs a stopped stack, or another `up` or `down` is at work.',
  },
  FOREIGN_STACK: { exitCode: 2, meaning: 'The stack, or its data, belongs to another checkout.' },
  STACK_NOT_RUNNING: {
    exitCode: 2,
    meaning: 'The command acts on a running stack or service, and there is none, or none that is ready.',
  },
  OUTPUT_NOT_LOCAL: {
    exitCode: 2,
    meaning: 'The command reads outputs on the local disk, and OUTPUT_PATH is elsewhere.',
  },
  NO_DATA: { exitCode: 2, meaning: 'There is nothing to read yet.' },
  BAD_SQL: {
    exitCode: 2,
    meaning: 'The SQL of `peek --sql` has an error, or is more than a single read-only query over the sinks.',
  },
  ANSWER_KEY_INVALID: {
    exitCode: 2,
    meaning: 'The answer key cannot be read, or a line of it is not of its form.',
  },
  UNSUPPORTED_SYSTEM: {
    exitCode: 3,
    meaning: 'The operating system, its C library or its shell is none that the product runs on.',
  },
  NODE_TOO_OLD: { exitCode: 3, meaning: 'Node.js is older than the product needs.' },
  PYTHON_MISSING: {
    exitCode: 3,
    meaning: 'No usable Python (3.9 or newer, with the venv module) was found.',
  },
  JAVA_UNUSABLE: {
    exitCode: 3,
    meaning: 'No Java that Spark supports (8, 11 or 17) could be found or provisioned.',
  },
  PROVISION_FAILED: {
    exitCode: 3,
    meaning: 'A package could not be brought to the cache: no network, no space, or a refused download.',
  },
  PORT_TAKEN: { exitCode: 3, meaning: 'A port that the stack needs is held by another process.' },
  NO_ENGINE: { exitCode: 3, meaning: 'No Docker engine that can be used, or no Compose plugin, answered.' },
  LOCK_UNAVAILABLE: {
    exitCode: 3,
    meaning: 'No file can be locked: the machine has no tool for it, or the file system refuses.',
  },
  KAFKA_UNREACHABLE: { exitCode: 4, meaning: 'The broker did not answer a command that needs it.' },
  RECORDS_UNREADABLE: {
    exitCode: 4,
    meaning: 'A batch of the topic has an unknown codec or format, or is damaged.',
  },
  OUTPUT_DAMAGED: {
    exitCode: 4,
    meaning:
      'A file of a checkpoint or ledger, or the record of the stack, is missing or not as it was written.',
  },
  OUTPUT_CHANGED: {
    exitCode: 4,
    meaning: 'Files were pruned or replaced again and again while they were read.',
  },
  STEP_FAILED: { exitCode: 4, meaning: 'A step of the plan failed.' },
  GATE_TIMEOUT: {
    exitCode: 4,
    meaning: 'A service, or all of it within `up --timeout`, was not ready in time.',
  },
  SERVICE_EXITED: { exitCode: 4, meaning: 'A service ended while it was awaited.' },
  STREAM_FAILED: {
    exitCode: 4,
    meaning: 'Standard output or standard error could not be written: a full disk, a broken device.',
  },
  STOP_FAILED: { exitCode: 4, meaning: 'Something of the stack could not be stopped.' },
  VERIFY_DIFFERENCE: { exitCode: 5, meaning: 'Outputs and topic differ.' },
  INTERRUPTED: { exitCode: 130, meaning: 'A signal ended the command; what it had started was stopped.' },
} as const satisfies Record<string, { exitCode: number; meaning: string }>;

/** A key of the catalogue, shown to users in brackets and in `--json` as `code`. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/**
 * Formats an error for a user: the sentence, the service's last lines, the cause, the next step.
 * Expected errors have no stack trace.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('\n');
  if (!(error instanceof ProductError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `error: unexpected: ${stack}\nhint: This is a defect of medallion-stream; please report it with this text.`;
  }
  const lines = [`error: ${error.message} [${error.code}]`];
  if (error.logTail.length > 0) {
    lines.push(
      `last lines of ${error.service ?? 'its output'}:`,
      ...error.logTail.map((line) => `  | ${line}`),
    );
  }
  lines.push(`hint: ${error.hint}`);
  return lines.join('\n');
}

/** An error in `--json` output. */
export function errorJson(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof AggregateError)
    return { ...errorJson(error.errors[0]), others: error.errors.slice(1).map(errorJson) };
  if (!(error instanceof ProductError)) return { code: 'UNEXPECTED', message: messageOf(error) };
  const { code, message, hint, service, logTail, exitCode } = error;
  return {
    code,
    exitCode,
    message,
    hint,
    ...(service && { service }),
    ...(logTail.length > 0 && { logTail }),
  };
}
