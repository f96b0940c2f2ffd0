import { expect, it } from 'vitest';
import { WatchedRead } from './watched-read.ts';

it('reads when it is due, and keeps what it has found', async () => {
  let reads = 0;
  const watched = new WatchedRead(async () => ++reads, 0, 1000);
  expect(watched.state()).toEqual({ value: undefined, error: undefined, atMs: undefined });
  await watched.look(1000);
  await watched.look(1000);
  expect(watched.state()).toMatchObject({ value: 2, error: undefined });
  const seldom = new WatchedRead(async () => ++reads, 60_000, 1000);
  await seldom.look(1000);
  await seldom.look(1000);
  expect(reads).toBe(3);
});

it('has the error of the newest read instead of an older value', async () => {
  let isDown = false;
  const watched = new WatchedRead(
    async () => {
      if (isDown) throw new Error('down');
      return 1;
    },
    0,
    1000,
  );
  await watched.look(1000);
  isDown = true;
  await watched.look(1000);
  expect(watched.state()).toMatchObject({ value: undefined, error: new Error('down') });
});

it('does not wait for a read that hangs, and takes it for a failure', async () => {
  let end = (_value: number) => {};
  let reads = 0;
  const watched = new WatchedRead(
    () => {
      reads++;
      return new Promise<number>((resolve) => {
        end = resolve;
      });
    },
    0,
    50,
  );
  await watched.look(10);
  expect(watched.state().error).toBeUndefined();
  await watched.look(60);
  expect(watched.state().error).toMatchObject({ message: 'no answer for 0 s' });
  expect(reads).toBe(1);
  end(7);
  await expect.poll(() => watched.state().value).toBe(7);
});
