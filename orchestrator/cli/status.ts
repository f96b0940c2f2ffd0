import pc from 'picocolors';
import { createStack } from '../engine/create-stack.ts';
import { DEFAULT_WAIT_SECONDS, type ServiceStatus, type StackStatus, statusJson } from '../engine/status.ts';
import { streamText } from '../engine/stream-status.ts';
import { pipedCommand, userCommand } from '../util/user-command.ts';
import { type Command, wholeSeconds } from './command.ts';

interface StatusOptions {
  /** Seconds; undefined asks once. */
  readonly wait: number | undefined;
}

const NOT_READY = 1;

/** `status`: shows every service, whether it is ready and why not. */
export const status: Command<StatusOptions> = {
  usage: 'status',
  summary: 'Show every service, whether it is ready and why not',
  examples: [
    [userCommand('status'), 'a table'],
    [
      userCommand('status', '--wait 60'),
      'wait up to 60 seconds until everything is ready; exit code 1 if not',
    ],
    [pipedCommand('status', '--json'), 'the same as JSON'],
  ],
  isLenient: true,
  options: (yargs) =>
    yargs.option('wait', {
      type: 'string',
      describe: `Wait until everything is ready, this many seconds at most (${DEFAULT_WAIT_SECONDS} without a number); ends at once when a service has failed for good`,
      coerce: waitSeconds,
    }),
  async run(context, { wait }) {
    const found = await createStack(context).status({ waitMs: wait === undefined ? undefined : wait * 1000 });
    return { exitCode: found.ready ? 0 : NOT_READY, json: statusJson(found), text: statusText(found) };
  },
};

/** yargs gives the empty text for `--wait` without a number. */
function waitSeconds(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (value === '') return DEFAULT_WAIT_SECONDS;
  return wholeSeconds('--wait', value, 0);
}

const COLOUR: Readonly<Record<ServiceStatus['state'], (text: string) => string>> = {
  ready: pc.green,
  completed: pc.green,
  starting: pc.yellow,
  failed: pc.red,
  stopped: pc.dim,
};

function statusText({ runtime, ready, pipeline, services, urls, stream, notes }: StackStatus): string {
  const rows = services.map(({ name, state, pid, container, restarts, detail, log = [] }) => {
    const id = container ?? (pid === undefined ? '-' : `pid ${pid}`);
    const again = restarts === 0 ? '' : ` (${restarts} restart${restarts === 1 ? '' : 's'})`;
    const line = `${name.padEnd(16)} ${COLOUR[state](state.padEnd(10))} ${id.padEnd(16)} ${detail}${again}`;
    return [line, ...log.map((text) => `  | ${text}`)].join('\n');
  });
  const links = ready ? Object.entries(urls).map(([name, url]) => `${name.padEnd(16)} ${url}`) : [];
  const line = `${'stream'.padEnd(16)} ${streamText({ stream, notes })}`;
  const head = `${ready ? 'ready' : 'not ready'}, runtime ${runtime}, pipeline ${pipeline}`;
  return [head, ...rows, line, ...links].join('\n');
}

/** Exit code when the machine has a problem: something is missing. */
const MISSING_ON_MACHINE = 3;

/** `doctor`: checks whether this machine is ready for `up`. */
export const doctor: Command<unknown> = {
  usage: 'doctor',
  summary: 'Check the machine and name the command that fixes each problem',
  examples: [[userCommand('doctor'), 'Node, Python, Java, Docker, ports, disk, memory, folders']],
  options: (yargs) => yargs,
  async run({ config, reporter, signal }) {
    const [{ runDoctor }, { renderDoctorReport }] = await Promise.all([
      import('../doctor/run-doctor.ts'),
      import('../doctor/doctor-report.ts'),
    ]);
    const report = await runDoctor(config, signal, (text) => reporter.emit({ type: 'note', text }));
    return {
      exitCode: report.problems === 0 ? 0 : MISSING_ON_MACHINE,
      json: { ...report },
      text: renderDoctorReport(report),
    };
  },
};
