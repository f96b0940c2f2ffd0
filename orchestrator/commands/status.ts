import pc from 'picocolors';
import { selectRuntime } from '../stack/select-runtime.ts';
import { type ServiceStatus, type StackStatus, stackStatus } from '../stack/service-status.ts';
import type { Command } from './command.ts';

/** `status`: every service, whether it is ready and why not. */
export const status: Command<unknown> = {
  usage: 'status',
  summary: 'Show every service, whether it is ready and why not',
  examples: [
    ['npm run status', 'a table'],
    ['npm run --silent status -- --json', 'the same as JSON'],
  ],
  options: (yargs) => yargs,
  async run({ config, reporter }) {
    const { runtime } = await selectRuntime(config);
    try {
      const found = await stackStatus(config, runtime);
      reporter.emit({ type: 'result', result: { ...found }, text: statusText(found) });
      return 0;
    } finally {
      await runtime.close();
    }
  },
};

const COLOUR: Readonly<Record<ServiceStatus['state'], (text: string) => string>> = {
  ready: pc.green,
  completed: pc.green,
  starting: pc.yellow,
  failed: pc.red,
  stopped: pc.dim,
};

function statusText({ runtime, ready, services, urls }: StackStatus): string {
  const rows = services.map(({ name, state, pid, container, restarts, detail, log = [] }) => {
    const id = container ?? (pid === undefined ? '-' : `pid ${pid}`);
    const again = restarts === 0 ? '' : ` (${restarts} restart${restarts === 1 ? '' : 's'})`;
    const line = `${name.padEnd(16)} ${COLOUR[state](state.padEnd(10))} ${id.padEnd(16)} ${detail}${again}`;
    return [line, ...log.map((text) => `  | ${text}`)].join('\n');
  });
  const links = ready ? Object.entries(urls).map(([name, url]) => `${name.padEnd(16)} ${url}`) : [];
  return [`${ready ? 'ready' : 'not ready'}, runtime ${runtime}`, ...rows, ...links].join('\n');
}
