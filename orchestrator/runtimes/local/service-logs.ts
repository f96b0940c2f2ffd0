import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceName } from '../../services/service-name.ts';
import type { LogLine, LogOptions } from '../runtime.ts';
import { type RunLayout, serviceLogFile } from './launch.ts';
import { endOfLastLine, lastLines } from './supervisor/log-tail.ts';
import { placeSince } from './supervisor/log-times.ts';
import { LOG_ROTATION } from './supervisor/service-log.ts';

const POLL_MS = 100;

/**
 * Yields lines of the services' logs: first the existing ones, service by service, then new ones as
 * they arrive.
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

/**
 * Returns the last lines before the position where a follower begins. They are read again when the
 * log is rotated during the read.
 */
function linesBefore(log: LogFollower, files: readonly string[], options: LogOptions): readonly string[] {
  for (;;) {
    const { place } = log;
    if (place === undefined) return [];
    const lines = pastLines(files.slice(place), options, log.start);
    if (log.place === place) return lines;
  }
}

/**
 * @param files newest first
 * @param until where the newest ends, in bytes
 */
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

const CHUNK_BYTES = 256 * 1024;

/**
 * Reads what is added to a log from a position on, across its rotation. Another process writes and
 * rotates at the same time, so a name may mean another file from one call to the next. Files are
 * therefore identified by inode, which is not reused while the file is open. Nothing is lost while
 * all files are kept.
 */
export class LogFollower {
  /** The position in its first file, in bytes. */
  readonly start: number;
  readonly #files: readonly string[];
  readonly #decoder = new StringDecoder('utf8');
  #descriptor: number | undefined;
  #inode: number | undefined;
  #position = 0;
  #partial = '';

  /**
   * Begins after the last whole line.
   * @param files newest first, as the rotation names them: `x.log`, `x.log.1`, …; none need exist
   * yet
   */
  constructor(files: readonly string[]) {
    this.#files = files;
    this.start = this.#openNewest();
    this.#position = this.start;
  }

  /** Returns the whole lines that were added since the last call. */
  read(): readonly string[] {
    let text = '';
    for (;;) {
      // The list comes first: a file that has been replaced by then can no longer grow.
      const next = this.#nextFile();
      text += this.#rest();
      if (next === undefined) break;
      this.#openFile(next.file, next.inode);
    }
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    return lines.map((line) => line.replace(/\r$/, ''));
  }

  /**
   * How often the open file has been rotated, which is its place among the files; undefined when it
   * no longer exists there.
   */
  get place(): number | undefined {
    const found = this.#files.findIndex((file) => inodeOf(file) === this.#inode);
    return found < 0 || this.#inode === undefined ? undefined : found;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** @returns where the last whole line ends */
  #openNewest(): number {
    for (const file of this.#files) {
      for (let inode = inodeOf(file); inode !== undefined; inode = inodeOf(file)) {
        if (!this.#openFile(file, inode)) continue;
        const end = endOfLastLine(file);
        if (inodeOf(file) === inode) return end;
      }
    }
    return 0;
  }

  /**
   * Returns the oldest of the files that came after the open one. There are more than one when it
   * was rotated twice.
   */
  #nextFile(): { readonly file: string; readonly inode: number } | undefined {
    const present = this.#files.map((file) => ({ file, inode: inodeOf(file) }));
    const own = present.findIndex(({ inode }) => inode !== undefined && inode === this.#inode);
    for (const { file, inode } of present.slice(0, own < 0 ? present.length : own).toReversed()) {
      if (inode !== undefined) return { file, inode };
    }
    return undefined;
  }

  /** @returns false, with the former file still open, when the name means another file by now */
  #openFile(file: string, inode: number): boolean {
    let descriptor: number;
    try {
      descriptor = openSync(file, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    if (fstatSync(descriptor).ino !== inode) {
      closeSync(descriptor);
      return false;
    }
    this.close();
    this.#descriptor = descriptor;
    this.#inode = inode;
    this.#position = 0;
    return true;
  }

  #rest(): string {
    if (this.#descriptor === undefined) return '';
    // Somebody emptied the file, so new lines begin at its start.
    if (fstatSync(this.#descriptor).size < this.#position) this.#position = 0;
    let text = '';
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (;;) {
      const read = readSync(this.#descriptor, chunk, 0, chunk.length, this.#position);
      if (read === 0) return text;
      this.#position += read;
      text += this.#decoder.write(chunk.subarray(0, read));
    }
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}
