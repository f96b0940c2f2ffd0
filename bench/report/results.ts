import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, ProductError } from '../../orchestrator/util/product-error.ts';
import { textTable } from '../../orchestrator/util/text-table.ts';
import { type Machine, machineLine } from '../measure/machine.ts';
import { benchOutput } from './bench-output.ts';

/** The results of a measurement: a table for people and everything as JSON. */
export interface Results {
  readonly machine: Machine;
  readonly options: Readonly<Record<string, unknown>>;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Sentences below the table, such as ratios. */
  readonly notes: readonly string[];
  /** Every single figure. */
  readonly figures: unknown;
}

const TABLE_WIDTH = 140;

/**
 * Creates the folder for results before the measurement, which takes minutes, begins.
 * @throws ProductError OUTPUT_NOT_WRITABLE
 */
export function prepareResults(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new ProductError('OUTPUT_NOT_WRITABLE', {
      message: `Results cannot be written to ${folder}: ${messageOf(cause)}.`,
      hint: 'Name another folder with `npm run bench -- --out FOLDER`.',
      cause,
    });
  }
}

/** Prints the table and writes `<command>-<time>.json`. */
export function report(command: string, folder: string, results: Results): void {
  const { machine, columns, rows, notes, ...rest } = results;
  const base = join(folder, `${command}-${new Date().toISOString().replace(/[:.]/g, '-')}`);
  const json = { command, at: new Date().toISOString(), machine, notes, ...rest };
  writeFileSync(`${base}.json`, `${JSON.stringify(json, undefined, 2)}\n`);
  const heads = columns.map((title, at) => ({
    title,
    align: at === 0 ? ('left' as const) : ('right' as const),
  }));
  const lines = [machineLine(machine), '', ...textTable(heads, rows, TABLE_WIDTH), '', ...notes];
  benchOutput.out(`${lines.join('\n')}\n\n${base}.json`);
}

/** A count with separators for thousands. */
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
