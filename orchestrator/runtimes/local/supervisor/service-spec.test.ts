import { describe, expect, it } from 'vitest';
import { FINAL_EXIT_CODES } from '../../../services/service.ts';
import { RESTART_POLICY } from '../process-launch.ts';
import { type EndsInARow, NO_ENDS, oneMoreEnd, type ProcessEnd, verdictOn } from './service-spec.ts';

const rules = { finalExitCodes: FINAL_EXIT_CODES, restart: RESTART_POLICY };
const daemon = { kind: 'daemon', ...rules } as const;
const oneShot = { kind: 'one-shot', ...rules } as const;
const exit = (code: number) => ({ code, signal: undefined });
const killed = { code: undefined, signal: 'SIGKILL' };
const crashed = { code: undefined, signal: 'SIGSEGV' };
const failures = (count: number): EndsInARow => ({ ends: count, failures: count });
const rowOf = (...ends: readonly ProcessEnd[]) =>
  ends.reduce((row, end) => oneMoreEnd(row, end, false), NO_ENDS);

describe('what follows the end of a process', () => {
  it('is a restart of a daemon after 0.5 s, twice that each time, and the end after six failures', () => {
    const verdicts = [1, 2, 3, 4, 5, 6].map((count) => verdictOn(exit(1), failures(count), daemon));
    expect(verdicts).toEqual([
      ...[500, 1000, 2000, 4000, 8000].map((delayMs) => ({ kind: 'restart', delayMs })),
      { kind: 'failed', reason: 'exited with code 1, given up after 6 failures in a row' },
    ]);
  });

  it('is never a longer pause than 15 s', () => {
    const restart = { ...RESTART_POLICY, maxFastFailures: 100 };
    expect(verdictOn(exit(1), failures(50), { ...daemon, restart })).toEqual({
      kind: 'restart',
      delayMs: 15_000,
    });
  });

  it('is a restart of a daemon that ended well or was killed', () => {
    expect(verdictOn(exit(0), failures(1), daemon)).toEqual({ kind: 'restart', delayMs: 500 });
    expect(verdictOn(killed, rowOf(killed), daemon)).toMatchObject({ kind: 'restart' });
  });

  it.each([2, 78, 126, 127])('is no restart of a daemon that exits with %i', (code) => {
    expect(verdictOn(exit(code), failures(1), daemon)).toEqual({
      kind: 'failed',
      reason: `exited with code ${code}, which a restart cannot fix`,
    });
  });

  it('is the end of a one-shot, whichever code it has', () => {
    expect(verdictOn(exit(0), failures(1), oneShot)).toEqual({ kind: 'completed' });
    expect(verdictOn(exit(1), failures(1), oneShot)).toEqual({
      kind: 'failed',
      reason: 'exited with code 1',
    });
    expect(verdictOn(crashed, failures(1), oneShot)).toEqual({
      kind: 'failed',
      reason: 'ended by SIGSEGV',
    });
  });
});

describe('ends in a row', () => {
  it('a service that is killed from outside again and again is never given up, with growing pauses', () => {
    for (const end of [killed, exit(143)]) {
      const row = rowOf(...Array<ProcessEnd>(20).fill(end));
      expect(verdictOn(end, row, daemon)).toEqual({ kind: 'restart', delayMs: 15_000 });
    }
  });

  it('a kill resets the count of failures: a broker fails twice after each, until its session is over', () => {
    const twice = [killed, exit(1), exit(1)];
    expect(verdictOn(exit(1), rowOf(...twice, ...twice, ...twice), daemon)).toMatchObject({
      kind: 'restart',
    });
  });

  it('six crashes and exits in a row are the end', () => {
    const row = rowOf(exit(1), crashed, exit(0), crashed, exit(1), crashed);
    expect(verdictOn(crashed, row, daemon)).toMatchObject({ kind: 'failed' });
  });

  it('an end on a full disk is followed by a wait for space, however often it was before; a refusal is not', () => {
    const shortage = '0 MB are free on the disk of /run';
    const row = rowOf(exit(1), exit(1), exit(1), exit(1), exit(1), exit(1));
    expect(verdictOn(exit(1), row, daemon, shortage)).toEqual({
      kind: 'await-space',
      reason: 'exited with code 1, next start with more space: 0 MB are free on the disk of /run',
    });
    expect(verdictOn(exit(78), row, daemon, shortage)).toMatchObject({ kind: 'failed' });
  });

  it('a process that lived long ends the row', () => {
    const row = oneMoreEnd(rowOf(exit(1), exit(1), exit(1)), exit(1), true);
    expect(row).toEqual({ ends: 1, failures: 1 });
  });
});
