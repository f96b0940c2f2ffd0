import pc from 'picocolors';
import { shownValue } from '../../producer/shown-value.ts';
import { warnOfOtherOwner } from '../stack/folder-owners.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import { type ServiceStatus, type StackStatus, stackStatus } from '../stack/service-status.ts';
import { streamText } from '../stack/stream-status.ts';
import { DEFAULT_WAIT_SECONDS, waitForReady } from '../stack/wait-for-ready.ts';
import type { Command } from './command.ts';
import { reportedSteps } from './reported-steps.ts';

interface StatusOptions {
  /** Seconds; undefined: one look. */
  readonly wait: number | undefined;
}

const NOT_READY = 1;

/** `status`: every service, whether it is ready and why not. */
export const status: Command<StatusOptions> = {
  usage: 'status',
  summary: 'Show every service, whether it is ready and why not',
  examples: [
    ['npm run status', 'a table'],
    ['npm run status -- --wait 60', 'wait up to 60 seconds until everything is ready; exit code 1 if not'],
    ['npm run --silent status -- --json', 'the same as JSON'],
  ],
  isLenient: true,
  options: (yargs) =>
    yargs.option('wait', {
      type: 'string',
      describe: `Wait until everything is ready, this many seconds at most (${DEFAULT_WAIT_SECONDS} without a number); ends at once when a service has failed for good`,
      coerce: waitSeconds,
    }),
  async run({ config, reporter, signal }, { wait }) {
    const { runtime } = await selectRuntime(config, reporter);
    const look = () => stackStatus(config, runtime);
    try {
      await warnOfOtherOwner(config, runtime, reporter);
      const found =
        wait === undefined
          ? await look()
          : await reportedSteps(reporter, [{ step: 'wait', title: 'wait until everything is ready' }]).run(
              'wait',
              (onDetail) => waitForReady({ look, timeoutMs: wait * 1000, signal, onDetail }),
              ({ ready }) => (ready ? 'everything is ready' : 'not ready'),
            );
      return { exitCode: found.ready ? 0 : NOT_READY, json: { ...found }, text: statusText(found) };
    } finally {
      await runtime.close();
    }
  },
};

/** `--wait` without a number is the empty text. */
function waitSeconds(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (value === '') return DEFAULT_WAIT_SECONDS;
  if (/^\d{1,6}$/.test(String(value))) return Number(value);
  throw new Error(
    `--wait ${shownValue(String(value))} is not allowed: it must be a whole number of seconds from 0 to 999999`,
  );
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
