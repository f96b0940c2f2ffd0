import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { zookeeperProbe } from './zookeeper.ts';

let server: Server;
afterEach(() => void server.close());

/** A server that speaks the four-letter protocol with a fixed answer. */
async function answering(answer: string) {
  server = createServer((socket) => socket.once('data', () => socket.end(answer)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return zookeeperProbe({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
}

const signal = () => AbortSignal.timeout(2000);

it('is ready when the server reports its mode', async () => {
  const probe = await answering('Zookeeper version: 3.8.4\nMode: standalone\nNode count: 5\n');
  expect(await probe.check(signal())).toEqual({ ready: true, detail: 'serving, mode standalone' });
});

it('is not ready while the server reports that it does not serve', async () => {
  const probe = await answering('This ZooKeeper instance is not currently serving requests\n');
  expect(await probe.check(signal())).toEqual({
    ready: false,
    detail: 'it says: This ZooKeeper instance is not currently serving requests',
  });
});

it('is not ready when another program holds the port and answers nothing', async () => {
  expect((await (await answering('')).check(signal())).ready).toBe(false);
});

it('fails with the reason when nothing listens', async () => {
  await answering('');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(zookeeperProbe({ host: '127.0.0.1', port }).check(signal())).rejects.toThrow('ECONNREFUSED');
});
