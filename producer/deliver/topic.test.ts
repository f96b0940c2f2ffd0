import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collectGarbage } from '../../tests/support/collect-garbage.ts';
import { awaitTopic } from './kafka-session.ts';

type Look = Error | readonly { partitionId: number; leader: number }[];

const refused = new Error('connect ECONNREFUSED 127.0.0.1:9094');
const coded = (type: string): Error => Object.assign(new Error(`the broker says ${type}`), { type });

/** A cluster in which each lookup sees the next state. The last state stays. */
function fakeAdmin(...looks: Look[]) {
  let seen = 0;
  return {
    connect: async () => {
      const look = looks[Math.min(seen, looks.length - 1)];
      if (look === refused) {
        seen++;
        throw look;
      }
    },
    fetchTopicMetadata: async () => {
      const look = looks[Math.min(seen++, looks.length - 1)] ?? [];
      if (look instanceof Error) throw look;
      const partitions = look.map((partition) => ({
        ...partition,
        partitionErrorCode: 0,
        replicas: [],
        isr: [],
      }));
      return { topics: [{ name: 'transactions', partitions }] };
    },
    disconnect: async () => undefined,
  };
}

describe('awaitTopic', () => {
  let stop: AbortController;
  let waits: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    stop = new AbortController();
    waits = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const start = (admin: ReturnType<typeof fakeAdmin>) => {
    const outcome = awaitTopic({
      admin,
      topic: 'transactions',
      servers: 'localhost:9094',
      signal: stop.signal,
      waiting: (detail) => waits.push(detail),
    });
    // Checked below, after the clock has run.
    outcome.catch(() => undefined);
    return outcome;
  };
  it('keeps nothing of a lookup that is over, however long no broker answers', async () => {
    const errors: WeakRef<Error>[] = [];
    const admin = {
      ...fakeAdmin(ready),
      connect: async () => {
        const error = new Error('connect ECONNREFUSED');
        errors.push(new WeakRef(error));
        throw error;
      },
    };
    const outcome = start(admin);
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    await collectGarbage();
    const kept = errors.filter((error) => error.deref() !== undefined);
    // The last one or two may still be referenced by running work.
    expect([errors.length > 200, kept.length < 10]).toEqual([true, true]);
    stop.abort();
    await outcome;
  });

  const ready = [0, 1, 2].map((partitionId) => ({ partitionId, leader: 1 }));

  it('gives the number of partitions at once when each has a leader', async () => {
    expect(await start(fakeAdmin(ready))).toBe(3);
    expect(waits).toEqual([]);
  });

  it('waits for a broker without end, then for the topic and its leaders, and says what it waits for', async () => {
    const away: Look[] = Array.from({ length: 1000 }, () => refused);
    const leaderless = ready.map((partition) => ({
      ...partition,
      leader: partition.partitionId === 1 ? -1 : 1,
    }));
    const outcome = start(fakeAdmin(...away, coded('UNKNOWN_TOPIC_OR_PARTITION'), [], leaderless, ready));
    await vi.advanceTimersByTimeAsync(300_000);
    expect(await outcome).toBe(3);
    expect(waits).toHaveLength(1003);
    expect(waits.at(999)).toBe('no broker answers at localhost:9094: connect ECONNREFUSED 127.0.0.1:9094');
    expect(waits.slice(1000)).toEqual([
      'topic transactions does not exist on localhost:9094; giving up in 60 s',
      'topic transactions has no partitions yet',
      'partitions 1 have no leader yet',
    ]);
  });

  it('gives up a missing topic after a minute, with the command that creates it', async () => {
    const outcome = start(fakeAdmin(coded('UNKNOWN_TOPIC_OR_PARTITION')));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(waits.at(-1)).toMatch(/giving up in 1 s$/);
    await vi.advanceTimersByTimeAsync(2000);
    await expect(outcome).rejects.toMatchObject({
      message: 'topic transactions does not exist on localhost:9094 after 60 s',
      hint: expect.stringContaining(
        'kafka-topics --bootstrap-server localhost:9094 --create --topic transactions',
      ),
    });
  });

  it('does not wait for rights that are not there', async () => {
    await expect(start(fakeAdmin(coded('TOPIC_AUTHORIZATION_FAILED')))).rejects.toThrow(
      'localhost:9094 refused to describe topic transactions: the broker says TOPIC_AUTHORIZATION_FAILED',
    );
  });

  it('ends at once when it is aborted, even in the middle of a lookup', async () => {
    const admin = { ...fakeAdmin(ready), connect: () => new Promise<never>(() => undefined) };
    const outcome = start(admin);
    await vi.advanceTimersByTimeAsync(10);
    stop.abort();
    expect(await outcome).toBeUndefined();
  });

  it('does not wait for a broker that refuses the login', async () => {
    const login = Object.assign(new Error('SASL PLAIN authentication failed'), {
      name: 'KafkaJSSASLAuthenticationError',
    });
    const outcome = start(fakeAdmin(new Error('retries exceeded', { cause: login })));
    await vi.advanceTimersByTimeAsync(1000);
    await expect(outcome).rejects.toThrow(
      'localhost:9094 refused the login: SASL PLAIN authentication failed',
    );
    expect(waits).toEqual([]);
  });
});
