import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { absentAsUndefined, readIfPresent } from '../../orchestrator/util/files.ts';

/** A service as the supervisor of local processes has recorded it. */
export interface RecordedService {
  readonly name: string;
  readonly state: 'running' | 'restarting' | 'failed' | 'stopped' | 'completed';
  readonly detail: string;
  readonly since: string;
  readonly restarts: number;
  readonly process?: { readonly pid: number } | undefined;
}

/** The fields of RUN_DIR/state.json that are read here; `runtimes/local/state-file.ts` has them all. */
const stateFile = z.object({
  format: z.literal(1),
  services: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['running', 'restarting', 'failed', 'stopped', 'completed']),
      detail: z.string(),
      since: z.string(),
      restarts: z.int(),
      process: z.object({ pid: z.int() }).optional(),
    }),
  ),
});

/**
 * Reads what the supervisor has recorded in RUN_DIR.
 * @returns undefined where there is no record, or one of another version
 */
export async function recordedServices(
  runDir: string,
): Promise<ReadonlyMap<string, RecordedService> | undefined> {
  const text = await readIfPresent(join(runDir, 'state.json'));
  const state = stateFile.safeParse(parsed(text)).data;
  return state && new Map(state.services.map((service) => [service.name, service]));
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // A power failure has torn it.
    return undefined;
  }
}

const TAIL_BYTES = 8192;
const TAIL_LINES = 12;
const LINE_CHARACTERS = 300;

/** The last lines of a service's log in RUN_DIR, read again only when the file has changed. */
export class LogTails {
  readonly #folder: string;
  readonly #known = new Map<string, { readonly key: string; readonly lines: readonly string[] }>();

  constructor(runDir: string) {
    this.#folder = join(runDir, 'logs');
  }

  /** Returns none where there is no log. */
  async of(service: string): Promise<readonly string[]> {
    const file = await absentAsUndefined(open(join(this.#folder, `${service}.log`), 'r'));
    if (!file) return [];
    try {
      const { size, mtimeMs } = await file.stat();
      const key = `${size} ${mtimeMs}`;
      const known = this.#known.get(service);
      if (known?.key === key) return known.lines;
      const from = Math.max(0, size - TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
      const lines = lastLines(buffer.toString('utf8', 0, bytesRead), from > 0);
      this.#known.set(service, { key, lines });
      return lines;
    } finally {
      await file.close();
    }
  }
}

function lastLines(text: string, isCut: boolean): readonly string[] {
  const lines = text.split('\n').slice(isCut ? 1 : 0);
  return lines
    .filter((line) => line !== '')
    .slice(-TAIL_LINES)
    .map((line) => line.slice(0, LINE_CHARACTERS));
}
