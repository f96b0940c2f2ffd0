import pc from 'picocolors';
import { SERVICE_NAMES, type ServiceName } from '../core/services.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command } from './command.ts';

interface LogsOptions {
  readonly services: readonly ServiceName[];
  readonly follow: boolean;
  readonly tail: number;
}

/** `logs`: what the services wrote. */
export const logs: Command<LogsOptions> = {
  usage: 'logs [services..]',
  summary: 'Show what the services wrote',
  examples: [
    ['npm run logs -- -f producer', 'follow one service'],
    ['npm run logs -- --tail 50', 'the last 50 lines of each'],
  ],
  options: (yargs) =>
    yargs
      .positional('services', {
        array: true,
        choices: SERVICE_NAMES,
        default: [] as ServiceName[],
        describe: 'Services, all when none is named',
      })
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on with what comes' })
      .option('tail', {
        alias: 'n',
        default: 200,
        describe: 'Lines from the end of each log',
        coerce: (value: unknown) => {
          if (/^\d{1,9}$/.test(String(value))) return Number(value);
          throw new Error(
            `--tail ${JSON.stringify(value)} is not allowed: it must be a whole number of 0 or more`,
          );
        },
      }),
  async run({ config, output, signal, json }, { services, follow, tail }) {
    const { runtime } = await selectRuntime(config);
    const several = services.length !== 1;
    try {
      for await (const { service, text } of runtime.logs({ services, tail, follow, signal })) {
        if (json) output.out(JSON.stringify({ service, text }));
        else output.out(several ? `${pc.cyan(service.padEnd(15))} ${text}` : text);
      }
    } catch (error) {
      // Ctrl-C is how one stops following: no failure.
      if (!(follow && signal.aborted)) throw error;
    } finally {
      await runtime.close();
    }
    return 0;
  },
};
