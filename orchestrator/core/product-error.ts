import { ERROR_CATALOGUE, type ErrorCode } from './error-catalogue.ts';

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

/** An expected failure: shown as sentence and hint, without a stack trace, ending in its code's exit code. */
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

/** The text of anything thrown, for a sentence. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A connection that was refused by IPv6 and IPv4 has two reasons and no words of its own.
  if (error.message === '' && error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
