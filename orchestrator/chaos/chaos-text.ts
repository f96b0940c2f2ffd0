import { type TextColumn, textTable } from '../util/text-table.ts';
import { userCommand } from '../util/user-command.ts';
import { describeFault, describeWait, type Fault } from './fault.ts';
import { type RecoveryTimes, recoveryTimes } from './recovery-times.ts';
import { type ChaosRun, type Damage, type FaultOutcome, verified } from './run-chaos.ts';

/** What the report of a run says in addition to its outcomes. */
export interface ChaosHeading {
  readonly seed: number;
  readonly runtime: string;
  /** The command that repeats the same faults. */
  readonly replay: string;
}

/** The result of a run as `--json` prints it; the names of its fields are a contract. */
export function chaosJson(run: ChaosRun, heading: ChaosHeading): Readonly<Record<string, unknown>> {
  const { verdict, outcomes, report, error } = run;
  return {
    verdict,
    seed: heading.seed,
    runtime: heading.runtime,
    replay: heading.replay,
    totals: totalsOf(run),
    recovery: recoveryTimes(outcomes),
    faults: outcomes.map(outcomeJson),
    differences: report.differences,
    error: error ? { code: error.code, message: error.message, hint: error.hint } : null,
  };
}

/** One fault's outcome, for the result and for progress events. */
export function outcomeJson(outcome: FaultOutcome): Readonly<Record<string, unknown>> {
  const { fault, at = null, on = [], skipped = null, recoveryMs, verified: found = null } = outcome;
  return {
    ...faultJson(fault),
    at,
    on,
    skipped,
    recoveryMs: recoveryMs === undefined ? null : Math.round(recoveryMs),
    verified: found,
  };
}

/** A fault as the schedule has it. */
export function faultJson(fault: Fault): Readonly<Record<string, unknown>> {
  return { ...fault, description: describeFault(fault) };
}

/** The schedule for people, one line per fault. */
export function scheduleText(schedule: readonly Fault[]): string {
  const columns: readonly TextColumn[] = [
    { title: '#', align: 'right', rigid: true },
    { title: 'rest', align: 'right', rigid: true },
    { title: 'when', align: 'left' },
    { title: 'fault', align: 'left' },
  ];
  const rows = schedule.map((fault) => [
    String(fault.number),
    secondsText(fault.restMs),
    describeWait(fault),
    describeFault(fault),
  ]);
  return textTable(columns, rows, 120).join('\n');
}

/** One fault's outcome in a line. */
export function outcomeText({ fault, skipped, recoveryMs, verified: found }: FaultOutcome): string {
  const name = `#${fault.number} ${describeFault(fault)}`;
  if (skipped !== undefined) return `${name}: skipped: ${skipped}`;
  if (recoveryMs === undefined) return `${name}: not recovered`;
  const recovered = `${name}: recovered in ${secondsText(recoveryMs)}`;
  if (!found) return `${recovered}, not verified`;
  const records = `${found.records.toLocaleString('en-US')} records up to micro-batch ${found.committedBatch}`;
  return `${recovered}; ${found.equal ? 'equal' : damageText(found)}, ${records}`;
}

/** The summary of a run for people; the verdict is the last line. */
export function summariseChaos(run: ChaosRun, { seed, runtime, replay }: ChaosHeading): string {
  const totals = totalsOf(run);
  const { all, kinds } = recoveryTimes(run.outcomes);
  const columns: readonly TextColumn[] = [
    { title: 'recovery', align: 'left' },
    { title: 'faults', align: 'right' },
    { title: 'median', align: 'right' },
    { title: 'maximum', align: 'right' },
  ];
  const row = (name: string, { faults, medianMs, maxMs }: RecoveryTimes) => [
    name,
    String(faults),
    medianMs === null ? '-' : secondsText(medianMs),
    maxMs === null ? '-' : secondsText(maxMs),
  ];
  const rows = [...Object.entries(kinds).map(([kind, times]) => row(kind, times)), row('all', all)];
  return [
    ...textTable(columns, rows, 80),
    `Seed ${seed}, runtime ${runtime}: ${totals.made} faults made, ${totals.skipped} skipped; again: ${replay}`,
    verdictText(run, totals),
  ].join('\n');
}

function totalsOf({ outcomes, report }: ChaosRun): Damage & {
  readonly made: number;
  readonly skipped: number;
  readonly records: number;
} {
  const { missing, doubled, wrong, records } = verified(report);
  return {
    made: outcomes.filter(({ at }) => at !== undefined).length,
    skipped: outcomes.filter(({ skipped }) => skipped !== undefined).length,
    records,
    missing,
    doubled,
    wrong,
  };
}

function verdictText({ verdict, error }: ChaosRun, totals: Damage & { readonly records: number }): string {
  const counts = `${damageText(totals)} of ${totals.records.toLocaleString('en-US')} records`;
  if (verdict === 'equal') return `Equal after every fault: ${counts}.`;
  if (verdict === 'not-recovered') return `Not recovered: ${error?.message ?? 'unknown'} Before: ${counts}.`;
  return `Different: ${counts}; \`${userCommand('verify')}\` shows where. The run ends here, so that nothing covers the traces.`;
}

const damageText = ({ missing, doubled, wrong }: Damage): string =>
  `${missing} missing, ${doubled} doubled, ${wrong} wrong`;

const secondsText = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
