import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { isPortFree, isPortFreeSoon, listeningSockets, portOwner, programOf } from './ports.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => new Promise((done) => server.close(done))));
});

async function listen(host: string): Promise<number> {
  const server = createServer();
  open.push(server);
  server.listen({ host, port: 0 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a port', () => {
  test('is taken while a server listens on it, and free again afterwards', async () => {
    const port = await listen('127.0.0.1');
    expect(await isPortFree('127.0.0.1', port)).toBe(false);
    await new Promise((done) => open.pop()?.close(done));
    expect(await isPortFree('127.0.0.1', port)).toBe(true);
  });

  test.runIf(process.platform === 'linux')('is taken by a server on every address', async () => {
    expect(await isPortFree('127.0.0.1', await listen('0.0.0.0'))).toBe(false);
  });

  test('is free soon when the system is only closing it, and not while somebody holds it', async () => {
    const held = await listen('127.0.0.1');
    expect(await isPortFreeSoon('127.0.0.1', held)).toBe(false);
    // A process that ends shows no descriptors any more while the system closes them.
    const soon = isPortFreeSoon('127.0.0.1', held, async () => undefined);
    await new Promise((done) => open.pop()?.close(done));
    expect(await soon).toBe(true);
  });

  test('rejects with the reason when an address is not of this machine', async () => {
    await expect(isPortFree('192.0.2.1', 21_299)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });
});

describe('the owner of a port', () => {
  test('is this process for a server of its own', async () => {
    expect((await portOwner(await listen('127.0.0.1')))?.pid).toBe(process.pid);
  });

  test('is found on IPv6 and for another process, with program and working folder', async () => {
    const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'ports-')));
    const script =
      "const s = require('net').createServer().listen(0, '::1', () => console.log(s.address().port))";
    const child = spawn(process.execPath, ['-e', script], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [data] = await once(child.stdout, 'data');
      const owner = await portOwner(Number(String(data)));
      expect(owner).toMatchObject({ pid: child.pid, cwd });
      expect(owner?.command).toMatch(/^node/);
    } finally {
      child.kill('SIGKILL');
      rmSync(cwd, { recursive: true });
    }
  });

  test('is undefined when nobody listens', async () => {
    const port = await listen('127.0.0.1');
    await new Promise((done) => open.pop()?.close(done));
    expect(await portOwner(port)).toBeUndefined();
  });
});

test('a socket table gives the listening sockets of one port only', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:2386 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1',
    '   1: 0100007F:2386 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 4712 1',
    '   2: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1',
  ].join('\n');
  expect(listeningSockets(table, 9094)).toEqual(['socket:[4711]']);
});

test.each([
  [
    ['/usr/bin/java', '-Xmx1g', '-cp', '/a/*:/b', '-Dpw=x', 'kafka.Kafka', 'server.properties'],
    'java kafka.Kafka',
  ],
  [['node', '--import', 'tsx', '/srv/app/main.ts'], 'node tsx'],
  [['redis-server', '--requirepass', 'secret'], 'redis-server'],
  [['nginx: master process /usr/sbin/nginx'], 'nginx'],
  [[], ''],
])('of the command line %j only %j is shown', (args, shown) => {
  expect(programOf(args)).toBe(shown);
});
