import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { z } from 'zod';
import type { NewestRows } from '../model/snapshot.ts';

/** Why there are no rows. */
export class RowsUnavailable extends Error {
  override readonly name = 'RowsUnavailable';
  /** `busy`: another request is at work; `unsupported`: this runtime has no such program. */
  readonly reason: 'unsupported' | 'busy' | 'failed';

  constructor(reason: RowsUnavailable['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

const ROWS = 20;

const TIMEOUT_MS = 30_000;

/** Rows that were just read are not read again. */
const FRESH_MS = 5000;

/** Values may be a megabyte long each. */
const MOST_OUTPUT_CHARACTERS = 32 * 1024 * 1024;

/** A longer value is cut before it is sent to the page. */
const MOST_CELL_CHARACTERS = 400;

/** The fields that are read of the document of `peek --json`. */
const peeked = z.object({ rows: z.array(z.record(z.string(), z.string().nullable())) });

/** Only what a program needs to run: the settings of the stack are in RUN_DIR. */
const INHERITED = /^(PATH|HOME|TMPDIR|TZ|LANG|LC_\w+|XDG_\w+)$/;

/**
 * Reads rows by the command `peek`, in a process of its own: the dashboard itself never loads a
 * database. One process at a time, with low priority, and only when somebody asks.
 */
export class PeekCommand {
  readonly #command: readonly string[] | undefined;
  readonly #runDir: string | undefined;
  #child: ChildProcess | undefined;
  readonly #fresh = new Map<string, { readonly found: NewestRows; readonly atMs: number }>();

  /** @param command program and arguments, to which the output is added; undefined where there is none */
  constructor(command: readonly string[] | undefined, runDir: string | undefined) {
    this.#command = command;
    this.#runDir = runDir;
  }

  /**
   * Reads the newest rows of an output.
   * @throws RowsUnavailable
   */
  async rows(output: string): Promise<NewestRows> {
    const known = this.#fresh.get(output);
    if (known && performance.now() - known.atMs < FRESH_MS) return known.found;
    const [program, ...args] = this.#command ?? [];
    if (program === undefined) {
      throw new RowsUnavailable('unsupported', 'rows are shown by `npm run peek` alone in this runtime');
    }
    if (this.#child) throw new RowsUnavailable('busy', 'other rows are being read');
    const found = {
      output,
      rows: shortened(await this.#run(program, [...args, output, '--limit', `${ROWS}`])),
    };
    this.#fresh.set(output, { found, atMs: performance.now() });
    return found;
  }

  /** Ends a process that is at work. */
  close(): void {
    this.#child?.kill('SIGKILL');
  }

  async #run(program: string, args: readonly string[]): Promise<NewestRows['rows']> {
    const inherited = Object.entries(process.env).filter(([name]) => INHERITED.test(name));
    const env = {
      ...Object.fromEntries(inherited),
      ...(this.#runDir !== undefined && { RUN_DIR: this.#runDir }),
    };
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: TIMEOUT_MS });
    this.#child = child;
    try {
      // The stream comes first.
      if (child.pid !== undefined) setPriority(child.pid, 10);
      return parsed(await outputOf(child));
    } finally {
      this.#child = undefined;
    }
  }
}

function outputOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MOST_OUTPUT_CHARACTERS) child.kill('SIGKILL');
    });
    child.on('error', (error) => reject(new RowsUnavailable('failed', error.message)));
    child.on('close', () => resolve(text));
  });
}

function parsed(text: string): NewestRows['rows'] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new RowsUnavailable('failed', 'the rows could not be read in time');
  }
  const found = peeked.safeParse(document).data;
  if (found) return found.rows;
  const { error } = document as { readonly error?: { readonly message?: unknown } };
  throw new RowsUnavailable('failed', String(error?.message ?? 'the rows could not be read'));
}

function shortened(rows: NewestRows['rows']): NewestRows['rows'] {
  const cut = (value: string | null) =>
    value !== null && value.length > MOST_CELL_CHARACTERS
      ? `${value.slice(0, MOST_CELL_CHARACTERS)}…`
      : value;
  return rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cut(value)])),
  );
}
