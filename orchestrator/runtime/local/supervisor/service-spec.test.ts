import { describe, expect, it } from 'vitest';
import { RESTART_POLICY } from '../commands/restart-policy.ts';
import { verdictOn } from './service-spec.ts';

const daemon = { kind: 'daemon', restart: RESTART_POLICY } as const;
const oneShot = { kind: 'one-shot', restart: RESTART_POLICY } as const;
const exit = (code: number) => ({ code, signal: undefined });

describe('what follows the end of a process', () => {
  it('is a restart of a daemon after 0.5 s, twice that each time, and the end after six failures', () => {
    const verdicts = [1, 2, 3, 4, 5, 6].map((failures) => verdictOn(exit(1), failures, daemon));
    expect(verdicts).toEqual([
      ...[500, 1000, 2000, 4000, 8000].map((delayMs) => ({ kind: 'restart', delayMs })),
      { kind: 'failed', reason: 'exited with code 1, given up after 6 failures in a row' },
    ]);
  });

  it('is never a longer pause than 15 s', () => {
    const restart = { ...RESTART_POLICY, maxFastFailures: 100 };
    expect(verdictOn(exit(1), 50, { kind: 'daemon', restart })).toEqual({ kind: 'restart', delayMs: 15_000 });
  });

  it('is a restart of a daemon that ended well or was killed', () => {
    expect(verdictOn(exit(0), 1, daemon)).toEqual({ kind: 'restart', delayMs: 500 });
    expect(verdictOn({ code: undefined, signal: 'SIGKILL' }, 1, daemon)).toMatchObject({ kind: 'restart' });
  });

  it.each([2, 78, 126, 127])('is no restart of a daemon that exits with %i', (code) => {
    expect(verdictOn(exit(code), 1, daemon)).toEqual({
      kind: 'failed',
      reason: `exited with code ${code}, which a restart cannot mend`,
    });
  });

  it('is the end of a one-shot, whichever code it has', () => {
    expect(verdictOn(exit(0), 1, oneShot)).toEqual({ kind: 'completed' });
    expect(verdictOn(exit(1), 1, oneShot)).toEqual({ kind: 'failed', reason: 'exited with code 1' });
    expect(verdictOn({ code: undefined, signal: 'SIGSEGV' }, 1, oneShot)).toEqual({
      kind: 'failed',
      reason: 'ended by SIGSEGV',
    });
  });
});
