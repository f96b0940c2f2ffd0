import { appendFileSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lastLines } from './log-tail.ts';
import { placeSince } from './log-times.ts';
import { ServiceLog } from './service-log.ts';

let folder: string;
let path: string;
let log: ServiceLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-times-'));
  path = join(folder, 'kafka.log');
  vi.useFakeTimers({ toFake: ['Date'] });
  log = new ServiceLog(path, { maxBytes: 20, files: 3 });
  log.beginProcess();
});
afterEach(() => {
  log.close();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** Writes a piece of output that arrives at this second. */
function come(second: number, text: string): void {
  vi.setSystemTime(second * 1000);
  log.write(Buffer.from(text));
}

function since(second: number): readonly string[] {
  const files = [`${path}.2`, `${path}.1`, path];
  const place = placeSince(files, second * 1000);
  return place ? lastLines(files.slice(place.file), { from: place.offset }) : [];
}

describe('the lines of a log since a time', () => {
  it('are those that were completed at that time or later', () => {
    come(1, 'one\n');
    come(2, 'two\nth');
    come(3, 'ree\n');
    expect(since(0)).toEqual(['one', 'two', 'three']);
    expect(since(2)).toEqual(['two', 'three']);
    expect(since(2.001)).toEqual(['three']);
    expect(since(3)).toEqual(['three']);
    expect(since(3.001)).toEqual([]);
  });

  it('are found over rotations, a line that lies in two files included', () => {
    for (let second = 1; second <= 5; second++) come(second, `line ${second}\nli`);
    come(6, 'ne 6\n');
    expect(readdirSync(folder)).toHaveLength(6);
    const last = ['liline 4', 'liline 5', 'line 6'];
    expect(since(4)).toEqual(last);
    expect(since(5)).toEqual(last.slice(1));
    expect(since(6)).toEqual(last.slice(2));
    expect(since(7)).toEqual([]);
  });

  it('go on in a log that another supervisor continues', () => {
    come(1, 'one\n');
    log.close();
    log = new ServiceLog(path);
    come(2, 'two\n');
    expect(since(2)).toEqual(['two']);
    expect(since(1)).toEqual(['one', 'two']);
  });

  it('are right in a log that somebody emptied, or removed while nothing ran', () => {
    come(1, 'one\n');
    come(5, 'five\n');
    writeFileSync(path, '');
    come(3, 'three\n');
    expect(since(3)).toEqual(['three']);
    expect(since(4)).toEqual([]);
    log.close();
    rmSync(path);
    log = new ServiceLog(path);
    come(2, 'two\n');
    expect(since(2)).toEqual(['two']);
    expect(since(3)).toEqual([]);
  });

  it('include those without a time as long as they may have come since', () => {
    writeFileSync(`${path}.1`, 'oldest\n');
    utimesSync(`${path}.1`, 1, 1);
    appendFileSync(path, 'old\n');
    come(3, 'three\n');
    expect(since(1)).toEqual(['oldest', 'old', 'three']);
    expect(since(2)).toEqual(['old', 'three']);
    expect(since(3.001)).toEqual([]);
  });
});
