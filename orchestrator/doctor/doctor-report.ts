import { userCommand } from '../util/user-command.ts';

/**
 * The result of one check. `note`: worth knowing, the stack works without; `problem`: `up` would
 * stop there.
 */
export interface DoctorCheck {
  /** "Python", "port 9094". */
  readonly name: string;
  readonly state: 'ok' | 'note' | 'problem';
  /** What was found, in a phrase. */
  readonly detail: string;
  /** The command or setting that fixes it. */
  readonly remedy?: string;
}

/** The state of the machine, in the order in which `up` needs it. */
export interface DoctorReport {
  readonly checks: readonly DoctorCheck[];
  /** How many of the checks are problems; `up` can start when there is none. */
  readonly problems: number;
}

/** A part of the report. */
export type Check = (signal: AbortSignal) => Promise<readonly DoctorCheck[]>;

const SIGNS: Readonly<Record<DoctorCheck['state'], string>> = { ok: 'ok', note: 'note', problem: 'PROBLEM' };

/**
 * Renders the report as lines of text: state, name, what was found; the remedy below it. No colour.
 */
export function renderDoctorReport({ checks, problems }: DoctorReport): string {
  const stateWidth = Math.max(...Object.values(SIGNS).map((sign) => sign.length));
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat(stateWidth + nameWidth + 4);
  const lines = checks.flatMap(({ name, state, detail, remedy }) => [
    `${SIGNS[state].padEnd(stateWidth)}  ${name.padEnd(nameWidth)}  ${detail}`,
    ...(remedy === undefined ? [] : [`${indent}→ ${remedy}`]),
  ]);
  const verdict =
    problems === 0
      ? `Nothing stands in the way of \`${userCommand('up')}\`.`
      : `${problems} ${problems === 1 ? 'problem stands' : 'problems stand'} in the way of \`${userCommand('up')}\`.`;
  return [...lines, '', verdict].join('\n');
}
