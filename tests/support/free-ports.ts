import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/**
 * Ports of 127.0.0.1 that nothing holds now, all different: the sockets are open together before any is closed. They lie
 * in the range from which the system picks for `listen(0)`.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
