import { z } from 'zod';

const rows = z.record(z.string(), z.int().min(0));
const milliseconds = z.record(z.string(), z.number());
const micro = { batch: z.int().min(0), at: z.iso.datetime(), rows, ms: milliseconds };

const ingestProgress = z.object({
  query: z.literal('ingest'),
  ...micro,
  rejected: z.record(z.string(), z.int().min(0)),
  unmet: z.record(z.string(), z.int().min(0)),
  lag: z.int(),
});

const goldProgress = z.object({
  query: z.string().min(1),
  ...micro,
  late: z.int().min(0),
  watermark: z.iso.datetime().nullable(),
  state: z.object({ rows: z.int().min(0), memory_bytes: z.int().min(0) }),
});

/**
 * A committed micro-batch of `ingest`: rows by sink, rejected records by reason, silver rows for
 * which an expectation is false by its name, and how many records were waiting behind it.
 */
export type IngestProgress = z.infer<typeof ingestProgress>;

/**
 * A committed micro-batch of a gold table's query: the rows it dropped as late, its watermark at
 * the start, its open windows.
 */
export type GoldProgress = z.infer<typeof goldProgress>;

/** The micro-batches that the lines of a job report, each list oldest first. */
export interface JobProgress {
  readonly ingest: readonly IngestProgress[];
  /** By table. */
  readonly gold: ReadonlyMap<string, readonly GoldProgress[]>;
}

/** The file in `_chk` to which the job appends its progress lines; `.1` is its predecessor. */
export const PROGRESS_FILE = '_progress.jsonl';

const LINE = /(?:^|\s)progress (\{.*\})\s*$/;

/**
 * Reads the progress lines of the job, `progress {json}` after any prefix. Skips lines that are cut
 * off or have another form: other programs write into the same log.
 */
export function readProgress(lines: readonly string[]): JobProgress {
  const ingest: IngestProgress[] = [];
  const gold = new Map<string, GoldProgress[]>();
  for (const line of lines) {
    const progress = parseProgress(LINE.exec(line)?.[1]);
    if (progress === undefined) continue;
    if (isIngest(progress)) ingest.push(progress);
    else gold.set(progress.query, [...(gold.get(progress.query) ?? []), progress]);
  }
  return { ingest, gold };
}

/**
 * Reads one progress line, without a prefix.
 * @returns undefined for a text that is none
 */
export function parseProgress(json: string | undefined): IngestProgress | GoldProgress | undefined {
  const value = parseJson(json);
  const ofIngest = ingestProgress.safeParse(value);
  return ofIngest.success ? ofIngest.data : goldProgress.safeParse(value).data;
}

/** Whether a micro-batch is one of `ingest`. */
export function isIngest(progress: IngestProgress | GoldProgress): progress is IngestProgress {
  return 'lag' in progress;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
