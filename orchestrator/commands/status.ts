import pc from 'picocolors';
import { createStack } from '../engine/create-stack.ts';
import { type ServiceStatus, type StackStatus, statusJson } from '../stack/service-status.ts';
import { streamText } from '../stack/stream-status.ts';
import { DEFAULT_WAIT_SECONDS } from '../stack/wait-for-ready.ts';
import type { Command } from './command.ts';
import { wholeSeconds } from './whole-seconds.ts';

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
  async run(context, { wait }) {
    const found = await createStack(context).status({ waitMs: wait === undefined ? undefined : wait * 1000 });
    return { exitCode: found.ready ? 0 : NOT_READY, json: statusJson(found), text: statusText(found) };
  },
};

/** `--wait` without a number is the empty text. */
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
