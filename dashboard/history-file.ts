import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../orchestrator/util/files.ts';
import { verified } from './model/notice.ts';
import type { TierDocument } from './model/series.ts';
import { HAPPENING_KINDS, type Happening, type Verified } from './model/snapshot.ts';

/** What is kept over a restart of the dashboard. */
interface History {
  readonly topic: string;
  readonly series: readonly TierDocument[];
  readonly events: readonly Happening[];
  /** The last verification; null when none is known. */
  readonly verified: Verified | null;
}

const history = z.object({
  version: z.literal(1),
  topic: z.string(),
  series: z.array(
    z.object({
      stepMs: z.number(),
      at: z.array(z.number()),
      values: z.record(z.string(), z.array(z.number().nullable())),
    }),
  ),
  events: z.array(z.object({ at: z.string(), kind: z.enum(HAPPENING_KINDS), text: z.string() })),
  verified: verified.nullable().default(null),
});

/**
 * The history as one file that is replaced as a whole: hours of series are some hundred kilobytes.
 * Micro-batches are not in it, since the job keeps their lines.
 */
export class HistoryFile {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get #path(): string {
    return join(this.#folder, 'history.json');
  }

  /** Returns undefined where there is none, or one of another version or topic. */
  read(topic: string): History | undefined {
    try {
      const found = existsSync(this.#path) ? JSON.parse(readFileSync(this.#path, 'utf8')) : undefined;
      const parsed = history.safeParse(found).data;
      return parsed?.topic === topic ? parsed : undefined;
    } catch {
      // It is unreadable, or a power failure has torn it. The page begins without a past.
      return undefined;
    }
  }

  /** @throws the file system's error */
  write(content: History): void {
    mkdirSync(this.#folder, { recursive: true });
    replaceFile(this.#path, JSON.stringify({ version: 1, ...content }), 'write');
  }
}
