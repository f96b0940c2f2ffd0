import { once } from 'node:events';
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFollower } from './service-logs.ts';
import { endOfLastLine, lastLines } from './supervisor/log-tail.ts';
import { ServiceLog } from './supervisor/service-log.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'service-logs-'));
  path = join(folder, 'kafka.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const small = { maxBytes: 100, files: 3 };
const write = (log: ServiceLog, text: string) => log.write(Buffer.from(text));
const line = (number: number) => `line ${String(number).padStart(4, '0')}`;

describe('the log of a service', () => {
  it('is rotated by size, and never grows beyond its files', () => {
    const log = new ServiceLog(path, small);
    log.beginProcess();
    let rotations = 0;
    for (let number = 0; number < 100; number++) if (write(log, `${line(number)}\n`).rotated) rotations += 1;
    log.close();
    expect(rotations).toBe(9);
    const files = ['kafka.log', 'kafka.log.1', 'kafka.log.2'];
    expect(readdirSync(folder).toSorted()).toEqual(
      files.flatMap((name) => [name, `${name}.times`]).toSorted(),
    );
    const all = [`${path}.2`, `${path}.1`, path].map((file) => readFileSync(file, 'utf8')).join('');
    expect(all.trim().split('\n')).toEqual(Array.from({ length: 30 }, (_, number) => line(number + 70)));
  });

  it('keeps the last 50 lines of the present process in memory, characters split between chunks included', () => {
    const log = new ServiceLog(path, small);
    log.beginProcess();
    for (let number = 0; number < 80; number++) write(log, `${line(number)}\r\n`);
    const bytes = Buffer.from('5 €\nhalf a');
    log.write(bytes.subarray(0, 3));
    log.write(bytes.subarray(3));
    expect(log.recentLines()).toEqual([
      ...Array.from({ length: 48 }, (_, number) => line(number + 32)),
      '5 €',
      'half a',
    ]);
    log.beginProcess();
    expect(log.recentLines()).toEqual([]);
    write(log, 'new\n');
    expect(log.recentLines()).toEqual(['new']);
    log.close();
  });

  it('knows where the output of the present process begins, also after a rotation', () => {
    const log = new ServiceLog(path, small);
    log.beginProcess();
    write(log, 'old\n');
    log.beginProcess();
    write(log, 'new\n');
    expect(lastLines([path], { from: log.processStart })).toEqual(['new']);
    for (let number = 0; number < 10; number++) write(log, `${line(number)}\n`);
    expect(log.processStart).toBe(0);
    log.close();
  });
});

describe('the last lines of a log', () => {
  it('are read over its files, oldest first', () => {
    writeFileSync(`${path}.1`, 'one\ntwo\nth');
    writeFileSync(path, 'ree\nfour\n');
    const files = [`${path}.2`, `${path}.1`, path];
    expect(lastLines(files, {})).toEqual(['one', 'two', 'three', 'four']);
    expect(lastLines(files, { count: 3 })).toEqual(['two', 'three', 'four']);
    expect(lastLines(files, { count: 1 })).toEqual(['four']);
    expect(lastLines(files, { count: 0 })).toEqual([]);
    expect(lastLines([`${path}.2`], {})).toEqual([]);
  });

  it('are found in a file of many blocks', () => {
    const lines = Array.from({ length: 30_000 }, (_, number) => line(number));
    writeFileSync(path, `${lines.join('\n')}\n`);
    expect(lastLines([path], { count: 20_000 })).toEqual(lines.slice(-20_000));
    expect(lastLines([path], {})).toEqual(lines);
    const { size } = statSync(path);
    appendFileSync(path, 'x'.repeat(200_000));
    expect(endOfLastLine(path)).toBe(size);
  });
});

/**
 * Writes and rotates as `ServiceLog` does, in a thread of its own, and never runs further ahead
 * than the files reach.
 */
const WRITER = `
const { workerData: { path, count, seen } } = require('node:worker_threads');
const fs = require('node:fs');
const lines = new Int32Array(seen);
let file = fs.openSync(path, 'a');
for (let number = 0; number < count; number++) {
  while (number - Atomics.load(lines, 0) > 15) Atomics.wait(lines, 0, Atomics.load(lines, 0), 5);
  if (number > 0 && number % 10 === 0) {
    fs.closeSync(file);
    for (const at of [1, 0]) {
      const from = at === 0 ? path : path + '.' + at;
      if (fs.existsSync(from)) fs.renameSync(from, path + '.' + (at + 1));
    }
    file = fs.openSync(path, 'a');
  }
  fs.writeSync(file, 'line ' + String(number).padStart(4, '0') + '\\n');
}
`;

describe('following a log', () => {
  const files = () => [path, `${path}.1`, `${path}.2`];

  it('begins behind the last whole line and yields whole lines', () => {
    writeFileSync(path, 'old\nhal');
    const follower = new LogFollower(files());
    expect(follower.start).toBe(4);
    expect(follower.read()).toEqual([]);
    appendFileSync(path, 'f\nmore');
    expect(follower.read()).toEqual(['half']);
    appendFileSync(path, '\n');
    expect(follower.read()).toEqual(['more']);
    follower.close();
  });

  it('loses nothing to a process that writes and rotates meanwhile', async () => {
    const count = 4000;
    const seen = new SharedArrayBuffer(4);
    const shared = new Int32Array(seen);
    writeFileSync(path, '');
    const follower = new LogFollower(files());
    const writer = new Worker(WRITER, { eval: true, workerData: { path, count, seen } });
    let running = true;
    const end = once(writer, 'exit').then(() => {
      running = false;
    });
    const lines: string[] = [];
    let turn = 0;
    for (let last = false; !last; ) {
      last = !running;
      lines.push(...follower.read());
      Atomics.store(shared, 0, lines.length);
      Atomics.notify(shared, 0);
      // The end of the thread arrives as an event, so the loop must yield.
      if (++turn % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await end;
    expect(lines).toEqual(Array.from({ length: count }, (_, number) => line(number)));
    follower.close();
  });

  it('continues with a log that somebody emptied', () => {
    writeFileSync(path, 'one\ntwo\n');
    const follower = new LogFollower(files());
    writeFileSync(path, 'three\n');
    expect(follower.read()).toEqual(['three']);
    follower.close();
  });

  it('finds a log that did not exist', () => {
    const follower = new LogFollower(files());
    expect(follower.read()).toEqual([]);
    writeFileSync(path, 'first\n');
    expect(follower.read()).toEqual(['first']);
    follower.close();
  });

  it.each([1, 2, 3, 9])('loses nothing over rotations when it reads every %i lines', (every) => {
    const log = new ServiceLog(path, small);
    log.beginProcess();
    const follower = new LogFollower(files());
    const seen: string[] = [];
    const written: string[] = [];
    for (let number = 0; number < 95; number++) {
      written.push(line(number));
      // In two pieces, so that lines lie across the files.
      write(log, line(number).slice(0, 5));
      write(log, `${line(number).slice(5)}\n`);
      if (number % every === 0) seen.push(...follower.read());
    }
    seen.push(...follower.read());
    expect(seen).toEqual(written);
    follower.close();
    log.close();
  });
});
