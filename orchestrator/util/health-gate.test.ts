import { describe, expect, it } from 'vitest';
import { ProductError } from './product-error.ts';
import { notReady, type Probe, type ReadinessOptions, ready, waitUntilReady } from './readiness.ts';

const options = (changes: Partial<ReadinessOptions> = {}): ReadinessOptions => ({
  timeoutMs: 5000,
  intervalMs: 1,
  attemptTimeoutMs: 1000,
  signal: new AbortController().signal,
  ...changes,
});

/** Answers in turn, the last answer for ever. */
function answering(...answers: (() => ReturnType<Probe['check']>)[]): Probe & { asked: number } {
  const probe = {
    name: 'the thing',
    asked: 0,
    check: () => {
      const answer = answers[Math.min(probe.asked, answers.length - 1)];
      probe.asked += 1;
      if (!answer) throw new Error('no answers given');
      return answer();
    },
  };
  return probe;
}

const hang = () => new Promise<never>(() => undefined);

describe('waitUntilReady', () => {
  it('resolves with the detail of the first ready answer', async () => {
    const probe = answering(
      async () => notReady('warming up'),
      async () => ready('serving'),
    );
    expect(await waitUntilReady(probe, options())).toBe('serving');
    expect(probe.asked).toBe(2);
  });

  it('reports every change of the reason why it is not ready, once', async () => {
    const details: string[] = [];
    const probe = answering(
      async () => notReady('a'),
      async () => notReady('a'),
      async () => notReady('b'),
      async () => ready('c'),
    );
    await waitUntilReady(probe, options({ onDetail: (detail) => details.push(detail) }));
    expect(details).toEqual(['a', 'b', 'c']);
  });

  it('waits when its deadline is further away than a timer of Node can be', async () => {
    const probe = answering(
      async () => notReady('the next trigger is due in a month'),
      () => new Promise((resolve) => setTimeout(() => resolve(ready('serving')), 50)),
    );
    expect(await waitUntilReady(probe, options({ timeoutMs: 30 * 86_400_000 }))).toBe('serving');
  });

  it('carries the last reason in the error of the deadline', async () => {
    const probe = answering(async () => notReady('2 of 3 partitions lack a leader'));
    const error = await waitUntilReady(probe, options({ timeoutMs: 40 })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProductError);
    expect(error).toMatchObject({ code: 'GATE_TIMEOUT', exitCode: 4 });
    expect((error as Error).message).toContain('2 of 3 partitions lack a leader');
  });

  it('counts a probe that throws as not ready and asks again', async () => {
    const probe = answering(
      () => Promise.reject(new Error('ECONNREFUSED')),
      () => {
        throw new Error('thrown at once');
      },
      async () => ready('up'),
    );
    const details: string[] = [];
    expect(await waitUntilReady(probe, options({ onDetail: (detail) => details.push(detail) }))).toBe('up');
    expect(details).toEqual(['ECONNREFUSED', 'thrown at once', 'up']);
  });

  it('gives up an attempt that hangs and asks again', async () => {
    const probe = answering(hang, async () => ready('up'));
    expect(await waitUntilReady(probe, options({ attemptTimeoutMs: 20 }))).toBe('up');
  });

  it('gives up the first attempts that hang soon, and leaves each later one twice the time', async () => {
    const details: string[] = [];
    const probe = answering(hang, hang, hang, async () => ready('up'));
    await waitUntilReady(probe, options({ onDetail: (detail) => details.push(detail) }));
    expect(details).toEqual(['no answer within 0.5 s', 'no answer within 1 s', 'up']);
  });

  it('gives each attempt a signal that ends with its own bound', async () => {
    const aborted: Promise<void>[] = [];
    const probe: Probe = {
      name: 'p',
      check: (signal) => {
        aborted.push(new Promise((resolve) => signal.addEventListener('abort', () => resolve())));
        return aborted.length < 2 ? hang() : Promise.resolve(ready('up'));
      },
    };
    await waitUntilReady(probe, options({ attemptTimeoutMs: 20 }));
    await aborted[0];
  });

  it('ends at once when the service ends, although the open attempt hangs', async () => {
    const begin = performance.now();
    const error = await waitUntilReady(
      answering(hang),
      options({ exited: async () => ({ detail: 'exited with code 1' }) }),
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SERVICE_EXITED' });
    expect((error as Error).message).toContain('exited with code 1');
    expect(performance.now() - begin).toBeLessThan(900);
  });

  it('ends at once with the reason of an abort, although the open attempt hangs', async () => {
    const abort = new AbortController();
    const reason = new Error('Ctrl-C');
    const wait = waitUntilReady(answering(hang), options({ signal: abort.signal }));
    abort.abort(reason);
    await expect(wait).rejects.toBe(reason);
  });

  it('stops asking once it is over', async () => {
    const probe = answering(async () => notReady('no'));
    await waitUntilReady(probe, options({ timeoutMs: 30 })).catch(() => undefined);
    const asked = probe.asked;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(probe.asked).toBe(asked);
  });
});
