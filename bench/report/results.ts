import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { textTable } from '../../orchestrator/outputs/text-table.ts';
import { type Machine, machineLine } from '../measure/machine.ts';
import { benchOutput } from './bench-output.ts';

/** What a measurement leaves: a table for people, everything as JSON, and a plot. */
export interface Results {
  readonly machine: Machine;
  readonly options: Readonly<Record<string, unknown>>;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table, such as ratios. */
  readonly notes: readonly string[];
  /** Every single figure. */
  readonly figures: unknown;
  readonly plot: string;
}

const TABLE_WIDTH = 140;

/** Prints the table and writes `<command>-<time>.json` and `.svg`. */
export function report(command: string, folder: string, results: Results): void {
  const { machine, columns, rows, notes, plot, ...rest } = results;
  mkdirSync(folder, { recursive: true });
  const base = join(folder, `${command}-${new Date().toISOString().replace(/[:.]/g, '-')}`);
  const json = { command, at: new Date().toISOString(), machine, notes, ...rest };
  writeFileSync(`${base}.json`, `${JSON.stringify(json, undefined, 2)}\n`);
  writeFileSync(`${base}.svg`, plot);
  const heads = columns.map((title, at) => ({
    title,
    align: at === 0 ? ('left' as const) : ('right' as const),
  }));
  const lines = [machineLine(machine), '', ...textTable(heads, rows, TABLE_WIDTH), '', ...notes];
  benchOutput.out(`${lines.join('\n')}\n\n${base}.json, .svg`);
}

/** A count with thousands apart. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
