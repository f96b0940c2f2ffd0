import { describe, expect, it } from 'vitest';
import { Changes, pause } from './wait.ts';

const never = new AbortController().signal;

describe('Changes', () => {
  it('tells a change that happened between the look and the wait', async () => {
    const changes = new Changes();
    const seen = changes.count;
    changes.note();
    await changes.after(seen, never);
    expect(changes.count).toBe(1);
  });

  it('wakes every waiter at the next change', async () => {
    const changes = new Changes();
    const waits = [changes.after(0, never), changes.after(0, never, 60_000)];
    changes.note();
    await Promise.all(waits);
  });

  it('waits no longer than it may', async () => {
    const startedMs = performance.now();
    await new Changes().after(0, never, 30);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
  });

  it('ends with the reason of its signal, also one that was aborted before', async () => {
    const changes = new Changes();
    const abort = new AbortController();
    const wait = changes.after(0, abort.signal);
    abort.abort(new Error('no longer of interest'));
    await expect(wait).rejects.toThrow('no longer of interest');
    await expect(changes.after(0, abort.signal)).rejects.toThrow('no longer of interest');
  });
});

describe('pause', () => {
  it('ends with the reason of its signal', async () => {
    const abort = new AbortController();
    const wait = pause(60_000, abort.signal);
    abort.abort(new Error('interrupted'));
    await expect(wait).rejects.toThrow('interrupted');
    await expect(pause(1, abort.signal)).rejects.toThrow('interrupted');
  });

  it('may be longer than the longest timer of Node, which fires at once for more', async () => {
    const abort = new AbortController();
    const wait = pause(2 ** 40, abort.signal);
    expect(await Promise.race([wait, pause(30, never).then(() => 'still waiting')])).toBe('still waiting');
    abort.abort(new Error('over'));
    await expect(wait).rejects.toThrow('over');
  });
});
