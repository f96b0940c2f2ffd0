import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeEngine, READY_PRODUCER } from '../../tests/support/fake-engine.ts';
import { FakeRuntime } from '../../tests/support/fake-runtime.ts';
import { statusDocument } from '../../tests/support/status-document.ts';
import { type SetupStep, untilExited } from '../runtimes/runtime.ts';
import { createStack } from './create-stack.ts';
import { recordStack } from './select-runtime.ts';
import { statusJson } from './status.ts';

let engine: FakeEngine;
afterEach(() => engine.remove());

const PROGRESS =
  '[spark-streaming] progress {"query":"ingest","batch":3,"at":"2026-01-31T10:00:00Z","rows":{"bronze":5,"silver":4},"ms":{},"rejected":{"missing_amount":1},"unmet":{"has_city":2},"lag":2}';

const running = () => engine.stack.observations.filter(({ state }) => state === 'running');
const recorded = () => existsSync(join(engine.config.runDir, 'stack.json'));

/** Lasts until it is aborted. */
const endless: SetupStep = {
  name: 'pyspark',
  title: 'PySpark',
  after: [],
  neededBy: ['spark-master'],
  run: ({ signal, onDetail }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      onDetail('12 of 300 MB');
    }),
};

describe('up with a timeout', () => {
  it('names what was not ready and why, carries its log, and stops what it started', async () => {
    engine = new FakeEngine({ zookeeper: { kind: 'runs', lines: ['binding to port'] } }, [endless]);
    const up = createStack(engine.context).up({ timeoutMs: 1000 });
    await expect(up).rejects.toMatchObject({
      code: 'GATE_TIMEOUT',
      exitCode: 4,
      message: expect.stringMatching(
        /^The stack was not ready within 1 s \(--timeout 1\): .*zookeeper: .*ECONNREFUSED.*; not started yet: .*kafka, .*spark-master, .*first-data\.$/,
      ),
      hint: expect.stringContaining('npm run up -- --timeout 2'),
      service: 'zookeeper',
      logTail: ['binding to port'],
    });
    await expect(up).rejects.toThrow('pyspark: 12 of 300 MB');
    expect(engine.events).toContainEqual({ type: 'undo', step: 'zookeeper', title: 'ZooKeeper' });
    expect(running()).toEqual([]);
    expect(recorded()).toBe(false);
  });

  it('leaves what ran before', async () => {
    engine = new FakeEngine({}, [endless]);
    engine.stack.start('producer');
    await expect(createStack(engine.context).up({ timeoutMs: 100 })).rejects.toMatchObject({
      code: 'GATE_TIMEOUT',
    });
    expect(running().map(({ name }) => name)).toEqual(['producer']);
  });

  it('ends with the reason of an abort that comes first', async () => {
    engine = new FakeEngine({}, [endless]);
    engine.onEvent = ({ type }) => type === 'step-detail' && engine.abort.abort(new Error('interrupted'));
    await expect(createStack(engine.context).up({ timeoutMs: 60_000 })).rejects.toThrow('interrupted');
    expect(running()).toEqual([]);
  });
});

describe('down', () => {
  it('stops what runs, the last started first, and once more nothing', async () => {
    engine = new FakeEngine();
    for (const name of ['kafka', 'producer'] as const) engine.stack.start(name);
    const stack = createStack(engine.context);
    expect(await stack.down()).toEqual({ runtime: 'local', stopped: ['producer', 'kafka'] });
    expect(await stack.down()).toEqual({ runtime: 'local', stopped: [] });
  });
});

describe('reset', () => {
  it('that only wipes stops, deletes and forgets the stack', async () => {
    engine = new FakeEngine();
    engine.stack.start('kafka');
    recordStack(engine.config, 'local');
    expect(await createStack(engine.context).reset({ onlyWipe: true })).toEqual({
      wiped: {
        runtime: 'local',
        stopped: ['kafka'],
        wiped: ["Kafka's data", "ZooKeeper's data"],
        keptTopic: false,
      },
    });
    expect(recorded()).toBe(false);
  });

  it('reports what it wiped before a start that fails', async () => {
    engine = new FakeEngine({}, [endless]);
    engine.onEvent = ({ type }) => type === 'step-detail' && engine.abort.abort(new Error('interrupted'));
    await expect(createStack(engine.context).reset()).rejects.toThrow('interrupted');
    expect(engine.events).toContainEqual({
      type: 'progress',
      event: 'wiped',
      data: { runtime: 'local', stopped: [], wiped: [], keptTopic: false },
      text: 'Nothing was running.\nThere was nothing to wipe.',
    });
  });
});

describe('status', () => {
  it('has the fields of its document and no others, whatever the services do', async () => {
    engine = new FakeEngine({
      'spark-streaming': { kind: 'runs', lines: [PROGRESS] },
      'spark-worker': { kind: 'ends', code: 2, lines: ['bad setting'] },
      'kafka-init': { kind: 'ends', code: 0 },
      producer: READY_PRODUCER,
    });
    for (const name of ['kafka', 'kafka-init', 'spark-worker', 'spark-streaming', 'producer'] as const) {
      engine.stack.start(name);
    }
    for (const name of ['spark-worker', 'kafka-init']) {
      await untilExited(new FakeRuntime(engine.stack), name, new AbortController().signal);
    }
    const found = await createStack(engine.context).status();
    expect(found.services.find(({ name }) => name === 'spark-worker')?.log).toEqual(['bad setting']);
    const document = statusDocument.parse(JSON.parse(JSON.stringify(statusJson(found))));
    expect(document).toMatchObject({
      ...{ runtime: 'local', ready: false, pipeline: 'transactions' },
      stream: {
        ...{ batch: 3, lag: 2, watermark: null, late: 0 },
        rows: { bronze: 5, silver: 4 },
        rejected: { missing_amount: 1 },
        unmet: { has_city: 2 },
      },
    });
    expect(document.services.map(({ name, state }) => `${name} ${state}`)).toEqual([
      ...['zookeeper stopped', 'kafka starting', 'kafka-init completed', 'spark-master stopped'],
      ...['spark-worker failed', 'spark-streaming starting', 'producer ready'],
      'dashboard stopped',
    ]);
    expect(document.services.filter(({ pid }) => pid !== undefined).map(({ name }) => name)).toEqual([
      ...['kafka', 'spark-streaming', 'producer'],
    ]);
  });
});
