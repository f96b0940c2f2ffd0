import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeEngine, READY_PRODUCER } from '../../tests/support/fake-engine.ts';
import { FakeRuntime, FakeStack } from '../../tests/support/fake-runtime.ts';
import { servicesWith } from '../services/services.ts';
import { tryFileLock } from '../util/file-lock.ts';
import { restart } from './down.ts';
import { recordStack } from './select-runtime.ts';

let engine: FakeEngine;
afterEach(() => engine.remove());

describe('restart', () => {
  it('restarts the named service alone, waits until it is ready, and frees the lock', async () => {
    engine = new FakeEngine({ producer: READY_PRODUCER });
    engine.stack.start('kafka');
    engine.stack.start('producer');
    engine.stack.end('producer', 1);
    const before = { kafka: engine.look('kafka').pid, producer: engine.look('producer').pid };
    const done = await restart(engine.context, ['producer']);
    expect(done).toEqual({
      runtime: 'local',
      restarted: [
        { name: 'producer', elapsedMs: expect.any(Number), detail: expect.stringContaining('5 records') },
      ],
      elapsedMs: expect.any(Number),
    });
    expect(engine.look('kafka').pid).toBe(before.kafka);
    expect(engine.look('producer').pid).not.toBe(before.producer);
    expect(engine.look('producer')).toMatchObject({ state: 'running', restarts: 0 });
    expect(engine.events.map(({ type }) => type)).toEqual([
      ...['plan', 'step-started', 'step-detail', 'step-detail', 'step-done'],
    ]);
    const { lock } = await tryFileLock(join(engine.config.runDir, 'command.lock'));
    expect(lock).toBeDefined();
    lock?.release();
  });

  it('refuses a service that the stack was started without', async () => {
    engine = new FakeEngine();
    const { settings } = engine.configWith({ PRODUCERS: '0' });
    const stack = new FakeStack({}, servicesWith(settings));
    stack.start('kafka');
    const select = async () => ({ runtime: new FakeRuntime(stack), reason: 'the test says so' });
    await expect(restart({ ...engine.context, select }, ['kafka', 'producer'])).rejects.toMatchObject({
      code: 'STACK_NOT_RUNNING',
      message: expect.stringMatching(/^producer cannot be restarted: .*PRODUCERS=0/),
      hint: expect.stringContaining('npm run up -- --producers 1'),
    });
  });

  it('makes services wait for those that they depend on, through services between, too', async () => {
    engine = new FakeEngine();
    engine.stack.start('zookeeper');
    engine.onEvent = ({ type }) => type === 'plan' && engine.abort.abort(new Error('enough'));
    const restarting = restart(engine.context, ['producer', 'spark-worker', 'zookeeper']);
    await expect(restarting).rejects.toThrow('enough');
    expect(engine.events).toMatchObject([
      {
        type: 'plan',
        steps: expect.arrayContaining([
          { step: 'zookeeper', title: 'ZooKeeper', after: [] },
          { step: 'spark-worker', title: 'Spark worker', after: [] },
          { step: 'producer', title: 'Producer', after: ['zookeeper'] },
        ]),
      },
    ]);
  });

  it('leaves a service running that was interrupted before it was ready', async () => {
    engine = new FakeEngine();
    engine.stack.start('producer');
    const { pid } = engine.look('producer');
    engine.onEvent = ({ type }) => type === 'step-detail' && engine.abort.abort(new Error('interrupted'));
    await expect(restart(engine.context, ['producer'])).rejects.toThrow('interrupted');
    expect(engine.look('producer')).toMatchObject({ state: 'running' });
    expect(engine.look('producer').pid).not.toBe(pid);
  });

  it('fails with the last lines of a service that ends again, with exit code 4', async () => {
    engine = new FakeEngine({ producer: { kind: 'ends', code: 78, lines: ['bad setting'] } });
    engine.stack.start('kafka');
    engine.stack.start('producer');
    await expect(restart(engine.context, ['producer'])).rejects.toMatchObject({
      code: 'SERVICE_EXITED',
      exitCode: 4,
      service: 'producer',
      logTail: ['bad setting'],
    });
    expect(engine.look('kafka')).toMatchObject({ state: 'running' });
  });

  it('refuses where nothing runs, and a service that was never started, with exit code 2', async () => {
    engine = new FakeEngine();
    const refused = { code: 'STACK_NOT_RUNNING', exitCode: 2, hint: expect.stringContaining('npm run up') };
    await expect(restart(engine.context, ['kafka'])).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(engine.config.runDir),
    });
    engine.stack.start('zookeeper');
    await expect(restart(engine.context, ['kafka'])).rejects.toMatchObject({
      ...refused,
      message: 'kafka cannot be restarted: it was never started in this stack.',
    });
    expect(engine.look('kafka')).toMatchObject({ state: 'stopped' });
  });

  it('refuses while another command changes the stack', async () => {
    engine = new FakeEngine();
    const { lock } = await tryFileLock(join(engine.config.runDir, 'command.lock'));
    try {
      await expect(restart(engine.context, ['kafka'])).rejects.toMatchObject({
        code: 'STACK_RUNNING',
        hint: expect.stringContaining('`npm run restart -- kafka` again'),
      });
    } finally {
      lock?.release();
    }
  });

  it('warns when the given settings are not those the services were started with', async () => {
    engine = new FakeEngine({ producer: READY_PRODUCER });
    engine.stack.start('producer');
    recordStack(engine.configWith({ MSGS_PER_SEC: '7' }), 'local');
    const config = engine.configWith({ MSGS_PER_SEC: '8', RUNTIME: 'local' });
    await restart({ ...engine.context, config }, ['producer']);
    expect(engine.warnings).toEqual([expect.stringContaining('MSGS_PER_SEC=7')]);
  });
});
