import pc from 'picocolors';
import { shownValue } from '../../producer/shown-value.ts';
import type { LogLine } from '../runtime/runtime.ts';
import { warnOfOtherOwner } from '../stack/folder-owners.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { Command } from './command.ts';
import { assertServices, lastOf, serviceNames, servicesOf } from './service-names.ts';
import { sinceTime } from './since-time.ts';

interface LogsOptions {
  readonly services: readonly string[];
  readonly follow: boolean;
  readonly tail: number | undefined;
  /** Milliseconds of the epoch. */
  readonly since: number | undefined;
}

const DEFAULT_TAIL = 200;

/** `logs`: what the services wrote. */
export const logs: Command<LogsOptions> = {
  usage: 'logs [services..]',
  summary: 'Show what the services wrote (with --json: one JSON object a line)',
  examples: [
    ['npm run logs -- -f producer', 'follow one service'],
    ['npm run logs -- --tail 50', 'the last 50 lines of each'],
    ['npm run logs -- kafka --since 10m', 'what Kafka wrote in the last ten minutes'],
    ['npm run logs -- --since 2026-01-31T10:00:00Z', 'what all of them wrote since that time'],
  ],
  isLenient: true,
  options: (yargs) =>
    serviceNames(yargs, 'Services, all when none is named')
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on with what comes' })
      .option('tail', {
        alias: 'n',
        type: 'string',
        requiresArg: true,
        defaultDescription: `${DEFAULT_TAIL}; with --since all`,
        describe: 'Lines from the end of each log',
        coerce: (given: unknown) => {
          const value = lastOf(given);
          if (value === undefined) return undefined;
          if (/^\d{1,9}$/.test(String(value))) return Number(value);
          throw new Error(
            `--tail ${shownValue(String(value))} is not allowed: it must be a whole number of 0 or more`,
          );
        },
      })
      .option('since', {
        type: 'string',
        requiresArg: true,
        describe:
          'Only lines since then: how long ago (30s, 10m, 2h, "10 minutes"), or an ISO time (of this machine, without a zone)',
        coerce: (given: unknown) => {
          const value = lastOf(given);
          return value === undefined ? undefined : sinceTime(String(value), Date.now());
        },
      }),
  check: ({ services }) => assertServices('logs', services),
  async run({ config, reporter, output, signal, json }, { follow, since, ...options }) {
    const services = servicesOf(options.services);
    const tail = options.tail ?? (since === undefined ? DEFAULT_TAIL : undefined);
    const range = { ...(tail !== undefined && { tail }), ...(since !== undefined && { sinceMs: since }) };
    const { runtime } = await selectRuntime(config, reporter);
    const form = json ? jsonLine : services.length === 1 ? bareLine : namedLine;
    try {
      await warnOfOtherOwner(config, runtime, reporter);
      await output.outAll(formatted(runtime.logs({ services, ...range, follow, signal }), form, signal));
    } catch (error) {
      // Ctrl-C is how one stops following: no failure.
      if (!(follow && error === signal.reason)) throw error;
    } finally {
      await runtime.close();
    }
    return { exitCode: 0 };
  },
};

const jsonLine = ({ service, text }: LogLine) => JSON.stringify({ service, text });
const bareLine = ({ text }: LogLine) => text;
const namedLine = ({ service, text }: LogLine) => `${pc.cyan(service.padEnd(15))} ${text}`;

/** @throws the signal's reason once it is aborted: a long log must not outlive the reader that went away */
async function* formatted(
  lines: AsyncIterable<LogLine>,
  form: (line: LogLine) => string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  for await (const line of lines) {
    signal.throwIfAborted();
    yield `${form(line)}\n`;
  }
}
