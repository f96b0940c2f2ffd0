import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChaosResult, chaosOf, expectUndamaged } from '../support/chaos.ts';
import { ComposeStack } from '../support/compose-stack.ts';
import { processesOf } from '../support/processes-of.ts';
import { pidOf, statusOf } from '../support/stack-status.ts';
import { TestStack } from '../support/test-stack.ts';
import { testingEngine } from '../support/testing-engine.ts';
import { until } from '../support/until.ts';

const SETTINGS = { MSGS_PER_SEC: '50', MAX_FILES_PER_SINK: '0' };

/**
 * A cut file, executor and broker at once, the supervisor, a full disk, a broker restart: every
 * kind of fault except a pause, which the Ctrl-C test has.
 */
const LOCAL = ['--seed', '867', '--faults', '5', '--pause', '0'];
const LOCAL_FAULTS = ['truncate', 'two', 'kill', 'disk-full', 'restart'];

describe('chaos on local processes', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await TestStack.create(SETTINGS);
  });
  afterAll(() => stack.discard());

  it('refuses without a stack, naming `npm run up`, and starts nothing', async () => {
    const result = await stack.run('chaos', ['--faults', '1']);
    expect(result.stderr).toContain('[STACK_NOT_RUNNING]');
    expect(result.stderr).toContain('npm run up');
    expect(result.code).toBe(2);
    expect(processesOf(stack.folder)).toEqual([]);
  });

  it('refuses an unknown fault', async () => {
    const result = await stack.run('chaos', ['--only', 'diver']);
    expect(result.stderr).toContain('"diver"');
    expect(result.code).toBe(2);
  });

  it('draws and shows a seed when none is given, with which the same schedule is shown again', async () => {
    const drawn = await stack.json<ChaosResult>('chaos', ['--dry-run', '--faults', '3']);
    const again = ['--dry-run', '--faults', '3', '--seed', String(drawn.seed)];
    expect(await stack.json<ChaosResult>('chaos', again)).toEqual(drawn);
  });

  it('injects the faults of its seed, and nothing is missing, doubled or wrong after any of them', async () => {
    const planned = await stack.json<ChaosResult>('chaos', [...LOCAL, '--dry-run']);
    expect(planned.faults.map(({ kind }) => kind)).toEqual(LOCAL_FAULTS);
    expect(await stack.run('up')).toMatchObject({ code: 0 });
    const result = await chaosOf(stack, LOCAL);
    expectUndamaged(result, LOCAL_FAULTS.length);
    const descriptions = ({ faults }: ChaosResult) => faults.map(({ description }) => description);
    expect(descriptions(result)).toEqual(descriptions(planned));
  });

  it('ends on Ctrl-C with every fault reverted, and leaves the stack running', async () => {
    const broker = await pidOf(stack, 'kafka');
    // Seed 4 pauses the broker for half a minute.
    const chaos = stack.start('chaos', [
      '--seed',
      '4',
      '--faults',
      '1',
      '--only',
      'pause,broker',
      '--pause',
      '0',
    ]);
    await until(
      () => chaos.output.stderr,
      120_000,
      () => (chaos.output.stderr.includes('#1 of 1: pause broker') ? true : undefined),
    );
    const state = () => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${broker}/status`, 'utf8'))?.[1];
    expect(state()).toBe('T');
    chaos.child.kill('SIGINT');
    const { code, stderr } = await chaos.result;
    expect(stderr).toContain('the stack is left running');
    expect(code).toBe(130);
    expect(state()).not.toBe('T');
    await until(
      () => 'the stack is not ready again',
      120_000,
      async () => ((await statusOf(stack)).ready ? true : undefined),
    );
    expect(await pidOf(stack, 'kafka')).toBe(broker);
  });
});

const { engine, declined } = await testingEngine();

describe.skipIf(!engine)(
  `chaos through Compose${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let compose: ComposeStack;
    beforeAll(async () => {
      if (!engine) throw new Error('no engine');
      compose = await ComposeStack.create(engine.docker, 1, { ...SETTINGS, SPARK_WORKER_MEMORY: '1g' });
      expect(await compose.stack.run('up')).toMatchObject({ code: 0 });
    });
    afterAll(() => compose.discard());

    it('kills the broker and halts an executor, and nothing is missing, doubled or wrong', async () => {
      const result = await chaosOf(compose.stack, ['--seed', '60', '--faults', '2', '--pause', '0']);
      expect(result.runtime).toBe('compose');
      expect(result.faults.map(({ description }) => description)).toEqual([
        'kill broker',
        'pause executor for 2.8 s',
      ]);
      expectUndamaged(result, 2);
    });
  },
);
