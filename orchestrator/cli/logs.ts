import pc from 'picocolors';
import { shownValue } from '../../producer/errors.ts';
import { selectRuntime, warnOfOtherOwner } from '../engine/select-runtime.ts';
import type { LogLine } from '../runtimes/runtime.ts';
import { durationMs } from '../settings/setting-kinds.ts';
import { userCommand } from '../util/user-command.ts';
import { assertServices, type Command, lastOf, serviceNames, servicesOf } from './command.ts';

interface LogsOptions {
  readonly services: readonly string[];
  readonly follow: boolean;
  readonly tail: number | undefined;
  /** Unix ms. */
  readonly since: number | undefined;
}

const DEFAULT_TAIL = 200;

/** `logs`: prints what the services wrote. */
export const logs: Command<LogsOptions> = {
  usage: 'logs [services..]',
  summary: 'Show what the services wrote (with --json: one JSON object a line)',
  examples: [
    [userCommand('logs', '-f producer'), 'follow one service'],
    [userCommand('logs', '--tail 50'), 'the last 50 lines of each'],
    [userCommand('logs', 'kafka --since 10m'), 'what Kafka wrote in the last ten minutes'],
    [userCommand('logs', '--since 2026-01-31T10:00:00Z'), 'what all of them wrote since that time'],
  ],
  isLenient: true,
  options: (yargs) =>
    serviceNames(yargs, 'Services, all when none is named')
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Keep printing new lines' })
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
      // Ctrl-C is the normal way to stop following, so it is no failure.
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

/**
 * @throws the signal's reason once it is aborted: a long log must not outlive a reader that has
 * gone away
 */
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

/** The form of `docker logs --since`: `30s`, `10m`, `1h30m`. */
const SHORT = /^(?=\d)(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/;
const ISO_TIME =
  /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::(\d{2}(?:\.\d{1,9})?))?([Zz]|[+-]\d{2}:\d{2})?)?$/;
/** No calendar date and no time zone needs more. */
const LONGEST_MS = 36_500 * 86_400_000;

/**
 * Reads `--since`: a duration before now, or a time. A time without a zone is in this machine's
 * zone, as in `docker logs`.
 * @returns Unix ms
 * @throws Error for the command line's parser, with the value and the allowed forms
 */
export function sinceTime(text: string, nowMs: number): number {
  const agoMs = durationMs(text) ?? shortDurationMs(text);
  const timeMs = agoMs === undefined ? isoTimeMs(text) : nowMs - agoMs;
  if (timeMs !== undefined && timeMs <= nowMs && timeMs >= nowMs - LONGEST_MS) return timeMs;
  throw new Error(
    `--since ${shownValue(text)} is not allowed: it must be how long ago, such as 30s, 10m, 1h30m or "10 minutes", or a time that has been, such as 2026-01-31T10:00:00Z`,
  );
}

function shortDurationMs(text: string): number | undefined {
  const short = SHORT.exec(text);
  if (!short) return undefined;
  const [hours, minutes, seconds] = short.slice(1).map((part) => Number(part ?? 0));
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000 + (seconds ?? 0) * 1000;
}

function isoTimeMs(text: string): number | undefined {
  const [, date, clock = '00:00', second = '00', zone = ''] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return undefined;
  // Date.parse would read a day that is not in the calendar as a day of the next month.
  const day = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(day) || !new Date(day).toISOString().startsWith(date)) return undefined;
  const timeMs = Date.parse(`${date}T${clock}:${second}${zone.toUpperCase()}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
