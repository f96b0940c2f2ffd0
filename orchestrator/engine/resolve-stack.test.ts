import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RuntimeName } from '../runtimes/runtime.ts';
import type { ServiceName } from '../services/service-name.ts';
import type { SettingTexts } from '../settings/load-settings.ts';
import { ProductError } from '../util/product-error.ts';
import { resolveStack, standingConfig } from './resolve-stack.ts';
import { forgetStack, readRecordedStack, recordStack, recordStopped } from './select-runtime.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'resolve-stack-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly flags?: SettingTexts;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isLenient?: boolean;
  readonly readsOutputs?: boolean;
  readonly startsStack?: 'with-its-data' | 'afresh';
  /** Whether the recorded stack really runs. */
  readonly isRunning?: boolean;
  /** A service that has failed for good while Kafka runs. */
  readonly failed?: ServiceName;
}

const stack = ({ isRunning = true, failed, flags = {}, environment = {}, ...how }: Given = {}) =>
  resolveStack({ flags, environment, projectDir: folder, ...how }, async () => [
    { name: 'kafka', state: isRunning ? 'running' : 'stopped' },
    ...(failed ? [{ name: failed, state: 'failed' } as const] : []),
  ]);

/** Does what `up` does with a configuration, as far as the record is concerned. */
async function started(given: Given, runtime: RuntimeName = 'local') {
  const { config } = await stack(given);
  recordStack(config, runtime);
  return config;
}

async function stopped(given: Given, runtime: RuntimeName = 'local') {
  recordStopped(await started(given, runtime));
}

const refusal = async (run: Promise<unknown>): Promise<ProductError> => {
  const error = await run.then(
    () => new Error('it was accepted'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ProductError) return error;
  throw error;
};

describe('a running stack', () => {
  it('has the settings it was started with, and reports where the environment differs', async () => {
    await started({ environment: { MSGS_PER_SEC: '7', MAX_FILES_PER_SINK: '0', RUNTIME: 'auto' } });
    const environment = { MSGS_PER_SEC: '9', MAX_OFFSETS_PER_TRIGGER: '5', TRIGGER_INTERVAL: '30 seconds' };
    const { config, notes } = await stack({ environment });
    expect(config.settings).toMatchObject({
      MSGS_PER_SEC: 7,
      MAX_FILES_PER_SINK: 0,
      RUNTIME: 'local',
      TRIGGER_INTERVAL: '30 seconds',
    });
    expect(config.settings.MAX_OFFSETS_PER_TRIGGER).toBeUndefined();
    expect(notes).toEqual([
      'the running stack keeps its settings until `npm run down`: MSGS_PER_SEC=7 (the environment has 9), MAX_OFFSETS_PER_TRIGGER=unset (the environment has 5)',
    ]);
  });

  it('is above `.env`, too, and above a bad value', async () => {
    await started({ flags: { KAFKA_PORT: '9095' } });
    writeFileSync(join(folder, '.env'), 'KAFKA_PORT=9096\n');
    const { config, notes } = await stack({ environment: { SEED: 'abc' } });
    expect(config.settings).toMatchObject({ KAFKA_PORT: 9095, SEED: undefined });
    expect(notes[0]).toContain('KAFKA_PORT=9095 (.env has 9096)');
    expect(notes[0]).toContain('SEED=unset (the environment has abc)');
  });

  it('lets a command that only reads outputs read others, and nothing else be different', async () => {
    await started({ environment: { OUTPUT_DIR: join(folder, 'outputs'), KAFKA_PORT: '9095' } });
    const flags = { OUTPUT_DIR: join(folder, 'copy') };
    const { config, notes } = await stack({ flags, readsOutputs: true });
    expect(config.outputDir).toBe(join(folder, 'copy'));
    expect(config.settings.KAFKA_PORT).toBe(9095);
    expect(notes).toEqual([]);
    const environment = { OUTPUT_DIR: join(folder, 'copy') };
    const plain = await stack({ environment, readsOutputs: true });
    expect(plain.config.outputDir).toBe(join(folder, 'outputs'));
    for (const given of [{ flags }, { flags: { KAFKA_PORT: '9096' }, readsOutputs: true }]) {
      expect((await refusal(stack(given))).code).toBe('STACK_RUNNING');
    }
  });

  it('refuses flags that differ, by name and with both values, and takes those that agree', async () => {
    await started({ flags: { KAFKA_PORT: '9095', OUTPUT_DIR: './data/x' } });
    const before = readFileSync(join(folder, 'data/run/stack.json'), 'utf8');
    const error = await refusal(
      stack({ flags: { KAFKA_PORT: '9096', SEED: '5', OUTPUT_DIR: join(folder, 'data/x') } }),
    );
    expect(error).toMatchObject({ code: 'STACK_RUNNING', exitCode: 2 });
    expect(error.message).toContain('SEED=unset, KAFKA_PORT=9095');
    expect(error.message).toContain('--seed=5 --kafka-port=9096');
    expect(error.hint).toContain('npm run down');
    expect(readFileSync(join(folder, 'data/run/stack.json'), 'utf8')).toBe(before);
    const { notes } = await stack({ flags: { KAFKA_PORT: '9095', OUTPUT_DIR: 'data/x', RUNTIME: 'auto' } });
    expect(notes).toEqual([]);
    expect((await refusal(stack({ flags: { RUNTIME: 'compose' } }))).message).toContain('RUNTIME=local');
  });

  it('that ended with its machine is one that is stopped', async () => {
    await started({ flags: { KAFKA_PORT: '9095' } });
    const { config } = await stack({ flags: { KAFKA_PORT: '9096' }, isRunning: false });
    expect(config.settings.KAFKA_PORT).toBe(9096);
  });

  it('lets `up` start a service that has failed for good with what is given now', async () => {
    await started({ environment: { MSGS_PER_SEC: '7' } });
    const given = {
      failed: 'spark-streaming',
      environment: { FAIL_ON_DATA_LOSS: 'false', MSGS_PER_SEC: '9' },
      flags: { MAX_FILES_PER_SINK: '0' },
    } as const;
    const { config, notes } = await stack(given);
    expect(config.settings).toMatchObject({
      FAIL_ON_DATA_LOSS: false,
      MAX_FILES_PER_SINK: 0,
      MSGS_PER_SEC: 7,
    });
    expect(config.told).toEqual({ MSGS_PER_SEC: '7', FAIL_ON_DATA_LOSS: 'false', MAX_FILES_PER_SINK: '0' });
    expect(notes[0]).not.toContain('FAIL_ON_DATA_LOSS');
    const error = await refusal(stack({ ...given, flags: { MAX_FILES_PER_SINK: '0', KAFKA_PORT: '9' } }));
    expect(error.message).not.toContain('MAX_FILES_PER_SINK');
    expect(error.message).toContain('KAFKA_PORT=9094');
  });

  it('is found without the flag for RUN_DIR, and no second one begins', async () => {
    const runDir = join(folder, 'elsewhere');
    await started({ flags: { RUN_DIR: runDir, MSGS_PER_SEC: '7' } });
    const { config } = await stack();
    expect(config).toMatchObject({ runDir, settings: { MSGS_PER_SEC: 7 } });
    expect((await stack({ flags: { RUN_DIR: runDir } })).config.runDir).toBe(runDir);
    const error = await refusal(stack({ flags: { RUN_DIR: join(folder, 'third') } }));
    expect(error).toMatchObject({ code: 'STACK_RUNNING' });
    expect(error.message).toContain(`RUN_DIR=${runDir}`);
    forgetStack(config);
    expect((await stack()).config.runDir).toBe(join(folder, 'data/run'));
  });

  it('keeps the project of Compose', async () => {
    const names = { COMPOSE_PROJECT_NAME: 'mine', CONTAINER_PREFIX: 'mine-' };
    await started({ environment: names }, 'compose');
    expect((await stack()).config.environment).toMatchObject(names);
    const { config, notes } = await stack({ environment: { COMPOSE_PROJECT_NAME: 'other' } });
    expect(config.environment).toMatchObject(names);
    expect(notes[0]).toContain('COMPOSE_PROJECT_NAME=mine (the environment has other)');
  });
});

describe('the data of a stopped stack', () => {
  const told = { KAFKA_TOPIC: 'mine', OUTPUT_DIR: './data/x', MSGS_PER_SEC: '7' };

  it('stay where they are whatever the environment says; flags win', async () => {
    await stopped({ flags: told });
    const environment = { KAFKA_TOPIC: 'other', OUTPUT_DIR: './data/y', MSGS_PER_SEC: '9' };
    const { config, notes } = await stack({ environment });
    expect(config.settings).toMatchObject({ KAFKA_TOPIC: 'mine', OUTPUT_DIR: './data/x', MSGS_PER_SEC: 9 });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain('KAFKA_TOPIC=mine (the environment has other), OUTPUT_DIR=./data/x');
    const flagged = await stack({ environment, flags: { OUTPUT_DIR: './data/z' } });
    expect(flagged.config.outputDir).toBe(join(folder, 'data/z'));
    expect(standingConfig(flagged.config).outputDir).toBe(join(folder, 'data/x'));
  });

  it('stay those of their pipeline, whatever its path is written as', async () => {
    await stopped({ environment: { PIPELINE: './pipelines/orders' } });
    const { config, notes } = await stack({ environment: { PIPELINE: 'transactions' } });
    expect(config.settings.PIPELINE).toBe('./pipelines/orders');
    expect(notes[0]).toContain('PIPELINE=./pipelines/orders (the environment has transactions)');
    for (const PIPELINE of ['orders', join(folder, 'pipelines/orders')]) {
      expect((await stack({ environment: { PIPELINE } })).notes).toEqual([]);
    }
  });

  it('prefer what `up` was given to `.env`, and the environment to both', async () => {
    await stopped({ flags: { MSGS_PER_SEC: '7' }, environment: { SEED: '3' } });
    writeFileSync(join(folder, '.env'), 'MSGS_PER_SEC=8\nMAX_RECORDS=5\n');
    const { config, notes } = await stack({ environment: { SEED: '4' } });
    expect(config.settings).toMatchObject({ MSGS_PER_SEC: 7, SEED: '4', MAX_RECORDS: 5 });
    expect(config.told).toEqual({ MSGS_PER_SEC: '7', SEED: '4' });
    expect(notes[0]).toContain('MSGS_PER_SEC=7 (.env has 8)');
  });

  it('bind the runtime until they are gone', async () => {
    await stopped({}, 'compose');
    const { config } = await stack({ environment: { RUNTIME: 'local' } });
    expect(config).toMatchObject({ settings: { RUNTIME: 'compose' }, askedRuntime: 'local' });
    expect((await stack()).config.askedRuntime).toBe('auto');
    forgetStack(config);
    expect((await stack()).config.settings.RUNTIME).toBe('auto');
  });
});

describe('another pipeline', () => {
  const flags = { PIPELINE: 'orders' };

  it('is refused by `up` on a running stack, from the environment and `.env` as from a flag', async () => {
    await started({});
    const startsStack = 'with-its-data';
    for (const given of [{ environment: flags }, { flags }]) {
      const error = await refusal(stack({ ...given, startsStack }));
      expect(error).toMatchObject({ code: 'STACK_RUNNING' });
      expect(error.message).toMatch(/PIPELINE=transactions.*orders/);
      expect(error.hint).toContain('npm run reset -- --pipeline orders');
    }
    writeFileSync(join(folder, '.env'), 'PIPELINE=orders\n');
    expect((await refusal(stack({ startsStack }))).message).toContain('.env has orders');
    expect((await stack()).notes[0]).toContain('PIPELINE=transactions (.env has orders)');
  });

  it('ranks below what `up` was told, when it stands in `.env` alone', async () => {
    await started({ flags: { PIPELINE: 'mine' } });
    writeFileSync(join(folder, '.env'), 'PIPELINE=orders\n');
    const { config } = await stack({ startsStack: 'with-its-data' });
    expect(config.settings.PIPELINE).toBe('mine');
  });

  it('is taken by `up` on a stopped stack, which then looks at its data', async () => {
    await stopped({});
    const { config, notes } = await stack({ environment: flags, startsStack: 'with-its-data' });
    expect(config.settings.PIPELINE).toBe('orders');
    expect(notes).toEqual([]);
    expect((await stack({ environment: flags })).config.settings.PIPELINE).toBe('transactions');
  });

  it.each([
    ['a running', started],
    ['a stopped', stopped],
  ])('is taken by `reset` on %s stack, with its topic, and with or without a producer', async (_, before) => {
    await before({ environment: { MSGS_PER_SEC: '7' } });
    const given = { flags: { ...flags, PRODUCERS: '0' }, startsStack: 'afresh' } as const;
    const { config } = await stack(given);
    expect(config.settings).toMatchObject({ PIPELINE: 'orders', PRODUCERS: 0, MSGS_PER_SEC: 7 });
    expect(config.settings.KAFKA_TOPIC).toBeUndefined();
    expect(config.startedTopic).toBeUndefined();
    expect(standingConfig(config).settings).toMatchObject({ PIPELINE: 'transactions', PRODUCERS: 1 });
    const ofEnvironment = await stack({ environment: flags, startsStack: 'afresh' });
    expect(ofEnvironment.config.settings.PIPELINE).toBe('orders');
  });

  it('changes nothing else of a running stack by `reset`', async () => {
    await started({});
    const error = await refusal(stack({ flags: { ...flags, KAFKA_PORT: '9' }, startsStack: 'afresh' }));
    expect(error.message).toMatch(/KAFKA_PORT=9094.*--kafka-port=9/);
    expect(error.message).not.toContain('PIPELINE');
  });
});

describe('the topic of a running stack', () => {
  it('is the one that its services have, whatever its pipeline says in the meantime', async () => {
    const { config } = await stack({});
    recordStack(config, 'local', 'before');
    expect((await stack()).config).toMatchObject({ startedTopic: 'before' });
    expect((await stack({ flags: { KAFKA_TOPIC: 'before' } })).notes).toEqual([]);
    expect((await refusal(stack({ flags: { KAFKA_TOPIC: 'after' } }))).message).toContain(
      'KAFKA_TOPIC=before',
    );
    recordStopped(config);
    expect((await stack()).config.startedTopic).toBeUndefined();
    expect((await stack()).config.settings.KAFKA_TOPIC).toBeUndefined();
  });
});

describe('a record', () => {
  const write = (text: string) => {
    mkdirSync(join(folder, 'data/run'), { recursive: true });
    writeFileSync(join(folder, 'data/run/stack.json'), text);
  };

  it('of an older layout is read: a value that is not the default counts as given', async () => {
    const settings = { RUNTIME: 'auto', KAFKA_PORT: '9094', MSGS_PER_SEC: '7', OUTPUT_DIR: './data/output' };
    write(JSON.stringify({ runtime: 'local', running: false, settings }));
    const { config } = await stack();
    expect(config.told).toEqual({ MSGS_PER_SEC: '7' });
    expect(config.settings).toMatchObject({
      RUNTIME: 'local',
      MSGS_PER_SEC: 7,
      TRIGGER_INTERVAL: '30 seconds',
    });
    expect(readRecordedStack(config)?.compose).toBeUndefined();
  });

  it.each(['', '{', '[]', '{"runtime":"cloud"}'])(
    'that is not one, %j, is refused with its path',
    async (text) => {
      write(text);
      const error = await refusal(stack());
      expect(error).toMatchObject({ code: 'OUTPUT_DAMAGED' });
      expect(error.message).toContain(join(folder, 'data/run/stack.json'));
    },
  );
});
