import { z } from 'zod';

const rows = z.record(z.string(), z.int().min(0));
const milliseconds = z.record(z.string(), z.number());
const micro = { batch: z.int().min(0), at: z.iso.datetime(), rows, ms: milliseconds };

const ingestProgress = z.object({
  query: z.literal('ingest'),
  ...micro,
  rejected: z.record(z.string(), z.int().min(0)),
  lag: z.int(),
});

const goldProgress = z.object({
  query: z.string().min(1),
  ...micro,
  late: z.int().min(0),
  watermark: z.iso.datetime().nullable(),
  state: z.object({ rows: z.int().min(0), memory_bytes: z.int().min(0) }),
});

/** A committed micro-batch of `ingest`: rows by sink, rejected records by reason, and how many records were waiting behind it. */
export type IngestProgress = z.infer<typeof ingestProgress>;

/** A committed micro-batch of a gold table's query: what it dropped as late, the watermark that it began with, its open windows. */
export type GoldProgress = z.infer<typeof goldProgress>;

/** What the lines of a job tell of its micro-batches, each list oldest first. */
export interface JobProgress {
  readonly ingest: readonly IngestProgress[];
  /** By table. */
  readonly gold: ReadonlyMap<string, readonly GoldProgress[]>;
}

const LINE = /(?:^|\s)progress (\{.*\})\s*$/;

/**
 * Reads the progress lines of the job, `progress {json}` behind whatever stands before it. A line that is cut off or not of the
 * form is none: other programs write into the same log.
 */
export function readProgress(lines: readonly string[]): JobProgress {
  const ingest: IngestProgress[] = [];
  const gold = new Map<string, GoldProgress[]>();
  for (const line of lines) {
    const value = parseJson(LINE.exec(line)?.[1]);
    const ofIngest = ingestProgress.safeParse(value);
    if (ofIngest.success) ingest.push(ofIngest.data);
    const ofGold = ofIngest.success ? undefined : goldProgress.safeParse(value).data;
    if (ofGold) gold.set(ofGold.query, [...(gold.get(ofGold.query) ?? []), ofGold]);
  }
  return { ingest, gold };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
