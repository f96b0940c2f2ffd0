import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../services/service-name.ts';
import type { LogLine, LogOptions } from '../runtime.ts';
import { LogFollower } from './log-follow.ts';
import { lastLines } from './log-tail.ts';
import { placeSince } from './log-times.ts';
import { type RunLayout, serviceLogFile } from './run-layout.ts';
import { LOG_ROTATION } from './supervisor/service-log.ts';

const POLL_MS = 100;

/**
 * Lines of the services' logs: what is there, service after service, then what is added, as it comes.
 * @param all the services of the stack, for options that name none
 */
export async function* serviceLogs(
  layout: RunLayout,
  all: readonly ServiceName[],
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const services = options.services.length > 0 ? options.services : all;
  // Followers begin before the past is read, and the past ends where they begin.
  const followers = services.map((service) => ({ service, log: new LogFollower(logFiles(layout, service)) }));
  try {
    for (const { service, log } of followers) {
      const files = logFiles(layout, service);
      for (const text of options.follow
        ? linesBefore(log, files, options)
        : pastLines(files, options, Number.POSITIVE_INFINITY))
        yield { service, text };
    }
    while (options.follow && !options.signal.aborted) {
      for (const { service, log } of followers) {
        for (const text of log.read()) yield { service, text };
      }
      await sleep(POLL_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
  } finally {
    for (const { log } of followers) log.close();
  }
}

/** The last lines before the place where a follower begins; read again when the log is rotated meanwhile. */
function linesBefore(log: LogFollower, files: readonly string[], options: LogOptions): readonly string[] {
  for (;;) {
    const { place } = log;
    if (place === undefined) return [];
    const lines = pastLines(files.slice(place), options, log.start);
    if (log.place === place) return lines;
  }
}

/** @param files newest first @param until where the newest ends, in bytes */
function pastLines(
  files: readonly string[],
  { tail: count, sinceMs }: LogOptions,
  until: number,
): readonly string[] {
  const oldestFirst = files.toReversed();
  if (sinceMs === undefined) return lastLines(oldestFirst, { count, until });
  const begin = placeSince(oldestFirst, sinceMs);
  if (!begin || (begin.file === files.length - 1 && begin.offset >= until)) return [];
  return lastLines(oldestFirst.slice(begin.file), { count, from: begin.offset, until });
}

/** Newest first. */
function logFiles(layout: RunLayout, service: ServiceName): readonly string[] {
  const file = serviceLogFile(layout, service);
  return Array.from({ length: LOG_ROTATION.files }, (_, number) =>
    number === 0 ? file : `${file}.${number}`,
  );
}
