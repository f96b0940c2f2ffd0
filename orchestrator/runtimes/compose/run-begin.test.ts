import type Docker from 'dockerode';
import { describe, expect, it } from 'vitest';
import { runBegin } from './container-log.ts';

const NEVER = '0001-01-01T00:00:00Z';

function look(state: Partial<Docker.ContainerInspectInfo['State']>): Docker.ContainerInspectInfo {
  return { State: { Running: false, Restarting: false, ...state } } as Docker.ContainerInspectInfo;
}

const second = (n: number): string => `2026-01-01T00:00:0${n}.000000000Z`;
const since = (n: number): string =>
  `${Date.parse(second(0)) / 1000 + Math.floor(n)}.${String(Math.round((n % 1) * 1000)).padStart(3, '0')}000000`;

describe("the begin of a run in a container's log", () => {
  it('is the first line for a first run, while it runs and after it was observed running', () => {
    const running = look({ Running: true, StartedAt: second(4), FinishedAt: NEVER });
    expect(runBegin(running, undefined, false)).toBeUndefined();
    const created = look({ StartedAt: NEVER, FinishedAt: NEVER });
    expect(runBegin(look({ StartedAt: second(4), FinishedAt: second(5) }), created, true)).toBeUndefined();
  });

  it('is the first line for a container that was created since the last observation', () => {
    expect(runBegin(look({ StartedAt: second(4), FinishedAt: second(5) }), undefined, true)).toBeUndefined();
  });

  it('lies between the end of the run before and the start that the engine recorded', () => {
    const running = look({ Running: true, StartedAt: second(4), FinishedAt: second(2) });
    expect(runBegin(running, undefined, false)).toBe(since(3));
    const before = look({ StartedAt: second(1), FinishedAt: second(3) });
    expect(runBegin(look({ StartedAt: second(4), FinishedAt: second(5) }), before, true)).toBe(since(3.5));
  });

  it('is shortly before the start when nothing is known of the run before', () => {
    const over = look({ StartedAt: second(4), FinishedAt: second(5) });
    expect(runBegin(over, undefined, false)).toBe(since(3.8));
    const before = look({ Running: true, StartedAt: second(1), FinishedAt: NEVER });
    expect(runBegin(over, before, true)).toBe(since(3.8));
  });
});
