import { expect, it } from 'vitest';
import { type OffsetConnection, TopicSource } from './topic-source.ts';

/** A broker with one partition, which counts what it is asked. */
class FakeBroker implements OffsetConnection {
  end = 10n;
  isDown = false;
  connects = 0;
  readonly asked: string[] = [];

  async connect() {
    this.connects++;
  }

  async disconnect() {}

  async refresh() {
    this.asked.push('refresh');
  }

  async offsets(which: string) {
    if (this.isDown) throw new Error('no broker');
    this.asked.push(which);
    return new Map([[0, which === 'earliest' ? 2n : which === 'read_committed' ? this.end - 1n : this.end]]);
  }
}

const ADDRESS = { host: '127.0.0.1', port: 1 };

it('reads the range that readers of the isolation level see, over one connection', async () => {
  const broker = new FakeBroker();
  const source = new TopicSource(ADDRESS, 't', 'read_committed', () => broker);
  expect(await source.read()).toEqual([{ partition: 0, begin: 2, end: 9 }]);
  broker.end = 20n;
  expect(await source.read()).toEqual([{ partition: 0, begin: 2, end: 19 }]);
  expect(broker.connects).toBe(1);
  expect(broker.asked).toEqual([
    ...['refresh', 'read_uncommitted', 'read_committed', 'earliest'],
    ...['read_uncommitted', 'read_committed'],
  ]);
});

it('connects again after an error, and asks for everything', async () => {
  const broker = new FakeBroker();
  const source = new TopicSource(ADDRESS, 't', 'read_uncommitted', () => broker);
  await source.read();
  broker.isDown = true;
  await expect(source.read()).rejects.toThrow('no broker');
  broker.isDown = false;
  expect(await source.read()).toEqual([{ partition: 0, begin: 2, end: 10 }]);
  expect(broker.connects).toBe(2);
});
