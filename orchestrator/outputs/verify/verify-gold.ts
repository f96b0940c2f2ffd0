import type { Checkpoint } from '../checkpoint.ts';
import type { Database } from '../duckdb/database.ts';
import type { GoldBatch } from '../gold-state.ts';
import { readPruneLedger } from '../prune-ledger.ts';
import { compareGold } from './compare-gold.ts';
import type { DifferenceLog } from './difference.ts';
import { goldExtent, prunedWindowsMs } from './gold-extent.ts';
import { aggregateSilver, loadGold, type SilverRows } from './load-gold.ts';
import { noteFiles } from './note-files.ts';
import { noteGoldRows } from './note-gold-rows.ts';
import type { GoldReport, NotCompared } from './verify-report.ts';

export interface GoldVerification {
  readonly outputPath: string;
  readonly checkpoint: Checkpoint;
  /** The committed micro-batches whose ends and watermarks are known, oldest first. */
  readonly goldBatches: readonly GoldBatch[];
  /** What gold is compared with. */
  readonly silver: SilverRows;
}

export interface GoldOutcome {
  readonly rows: number;
  readonly report: GoldReport;
  readonly notCompared: readonly NotCompared[];
}

/**
 * Verifies gold: no window twice, none before it was closed, and every closed one equal to its silver rows.
 *
 * Silver holds late records too, which gold drops. Which were late follows from the watermarks that the job keeps of its
 * last micro-batches (100 at least): older windows that do not agree are undecided, and said to be so. Pruned silver files make
 * windows undecided where gold holds more than silver shows; where it holds less, it is wrong in any case. Leaves the windows that
 * differ in the table `gold_wrong`.
 */
export async function verifyGold(
  database: Database,
  options: GoldVerification,
  log: DifferenceLog,
): Promise<GoldOutcome> {
  const { outputPath, checkpoint, goldBatches } = options;
  const through = checkpoint.committed?.batch ?? -1;
  await database.run('CREATE TABLE gold_wrong (card_id VARCHAR, window_start BIGINT)');
  const loaded = await loadGold(database, { outputPath, through });
  const prunedThrough = (await readPruneLedger(outputPath, 'gold'))?.throughBatch ?? -1;
  await database.run(`DELETE FROM gold WHERE batch <= ${prunedThrough}`);
  noteFiles('gold', loaded, prunedThrough, log);
  const extent = goldExtent(checkpoint, goldBatches);
  const rows = await noteGoldRows(database, goldBatches, log);
  const watermarkMs = extent?.through.watermarkMs ?? Number.NEGATIVE_INFINITY;
  const watermark = Number.isFinite(watermarkMs) ? new Date(watermarkMs).toISOString() : null;
  const skip = (...reasons: readonly string[]): GoldOutcome => ({
    rows,
    report: { equalWindows: 0, watermark },
    notCompared: reasons.map((reason) => ({ sink: 'gold', reason, count: null })),
  });

  if (extent === undefined) return skip();
  const prunedMs = prunedWindowsMs(extent, prunedThrough) ?? (await beforeFirstWindowMs(database));
  if (prunedMs === undefined) return skip('all gold files of known micro-batches were pruned');
  const { incomplete } = await aggregateSilver(database, options.silver, extent);
  const findings = await compareGold(
    database,
    {
      silver: options.silver,
      extent,
      prunedWindowsMs: prunedMs,
      silverIncomplete: incomplete,
    },
    log,
  );
  return {
    rows,
    report: { equalWindows: findings.equalWindows, watermark },
    notCompared: undecided(findings.undecidedByLateness, findings.undecidedByPruning),
  };
}

function undecided(byLateness: number, byPruning: number): readonly NotCompared[] {
  const all = [
    {
      sink: 'gold' as const,
      reason:
        'windows hold fewer records than silver, and the checkpoint no longer tells whether the others were late',
      count: byLateness,
    },
    {
      sink: 'gold' as const,
      reason: 'windows hold more records than silver, whose files were partly pruned',
      count: byPruning,
    },
  ];
  return all.filter(({ count }) => count > 0);
}

/** Gold's files hold windows in the order of their ends: nothing pruned ends after the first that is left. */
async function beforeFirstWindowMs(database: Database): Promise<number | undefined> {
  const [row] = await database.all('SELECT min(window_end) FROM gold');
  const first = row?.[0] ?? null;
  return first === null ? undefined : Number(first) / 1000 - 1;
}
