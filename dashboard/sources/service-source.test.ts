import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readServices, servicesText, type TopicFacts } from './service-probe.ts';
import { ServiceSource } from './service-source.ts';

const TOPIC: TopicFacts = { problem: undefined, hasRecords: true, sinceRecordMs: 10 };

let server: Server;
let port: number;
let runDir: string;
beforeEach(async () => {
  server = createServer((request, response) => {
    response.statusCode = request.url === '/json/' ? 200 : 503;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  runDir = await mkdtemp(join(tmpdir(), 'run-dir-'));
});
afterEach(async () => {
  server.close();
  await rm(runDir, { recursive: true });
});

const services = () =>
  readServices(
    `zookeeper=tcp:127.0.0.1:${port} master=http:127.0.0.1:${port}/json/ worker=http:127.0.0.1:${port}/ ` +
      'kafka=topic kafka-init=created producer=records dashboard=self',
  );

const statesOf = async (source: ServiceSource, topic = TOPIC) =>
  Object.fromEntries((await source.read(topic)).map(({ name, state }) => [name, state]));

describe('services without a record of a supervisor', () => {
  it('are what their probes find', async () => {
    const source = new ServiceSource({ services: services(), placement: 'container', runDir: undefined });
    expect(await statesOf(source)).toEqual({
      ...{ zookeeper: 'ready', master: 'ready', worker: 'starting', kafka: 'ready' },
      ...{ 'kafka-init': 'completed', producer: 'ready', dashboard: 'ready' },
    });
    const [first] = await source.read(TOPIC);
    expect(first).toMatchObject({ placement: 'container', restarts: null, log: [] });
  });

  it('have failed once they no longer answer, and stay as long as they do', async () => {
    const source = new ServiceSource({ services: services(), placement: 'container', runDir: undefined });
    const [before] = await source.read(TOPIC);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const problem = { ...TOPIC, problem: 'no broker answers' };
    const [after] = await source.read(problem);
    expect(after).toMatchObject({ state: 'failed', detail: expect.stringContaining('ECONNREFUSED') });
    expect(after?.since).not.toBe(before?.since);
    expect((await source.read(problem))[0]?.since).toBe(after?.since);
    expect(await statesOf(source, problem)).toMatchObject({ kafka: 'failed', 'kafka-init': 'completed' });
  });
});

describe('services of a supervisor', () => {
  const recorded = (services: readonly object[]) =>
    writeFile(join(runDir, 'state.json'), JSON.stringify({ format: 1, services }));
  const since = '2026-11-26T17:00:00.000Z';

  it('have their process, restarts, log, and the state that is recorded', async () => {
    await recorded([
      { name: 'zookeeper', state: 'running', detail: 'running', since, restarts: 2, process: { pid: 7 } },
      { name: 'master', state: 'failed', detail: 'exited with code 1', since, restarts: 6 },
      { name: 'worker', state: 'restarting', detail: 'next start in 2 s', since, restarts: 1 },
    ]);
    await mkdir(join(runDir, 'logs'));
    await writeFile(join(runDir, 'logs', 'zookeeper.log'), 'one\ntwo\n');
    const source = new ServiceSource({ services: services(), placement: 'process', runDir });
    const [zookeeper, master, worker] = await source.read(TOPIC);
    expect(zookeeper).toEqual({
      ...{ name: 'zookeeper', placement: 'process', state: 'ready', pid: 7, restarts: 2, since },
      ...{ detail: 'accepts connections', log: ['one', 'two'] },
    });
    expect(master).toMatchObject({ state: 'failed', detail: 'exited with code 1', restarts: 6 });
    expect(worker).toMatchObject({ state: 'starting', detail: 'next start in 2 s' });
  });

  it.each(['', '{', '{"format":2,"services":[]}', 'null'])(
    'are probed alone when the record is %j',
    async (text) => {
      await writeFile(join(runDir, 'state.json'), text);
      const source = new ServiceSource({ services: services(), placement: 'process', runDir });
      expect(await statesOf(source)).toMatchObject({ zookeeper: 'ready' });
    },
  );
});

describe('the list of services', () => {
  it('is read as it is written', () => {
    expect(readServices(servicesText(services()))).toEqual(services());
  });

  it.each(['kafka', 'kafka=', 'kafka=udp:a:1', 'Kafka=topic', 'a=tcp:b:c'])('refuses %j', (word) => {
    expect(() => readServices(`kafka=topic ${word}`)).toThrow(word);
  });
});
