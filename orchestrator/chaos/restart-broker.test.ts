import { expect, test } from 'vitest';
import { FakeRuntime, FakeStack } from '../../tests/support/fake-runtime.ts';
import type { HeldFault } from '../runtimes/faults.ts';
import type { SetupStep } from '../runtimes/runtime.ts';
import { restartBroker } from './inject.ts';

const never = new AbortController().signal;

test('a broker is stopped after the setup for its next start, and started again when the fault is reverted', async () => {
  const prepared: string[] = [];
  const step = (name: string, after: readonly string[], neededBy: SetupStep['neededBy']): SetupStep => ({
    ...{ name, title: name, after, neededBy },
    async run() {
      expect(await brokerState()).toBe('running');
      prepared.push(name);
      return name;
    },
  });
  const runtime = new FakeRuntime(new FakeStack({ kafka: { kind: 'runs' } }), {
    setup: [
      step('jars', ['java'], ['kafka']),
      step('java', [], ['zookeeper']),
      step('image', [], ['producer']),
    ],
  });
  const brokerState = async () => (await runtime.observe()).find(({ name }) => name === 'kafka')?.state;
  await runtime.start('kafka', never);
  const held: HeldFault[] = [];
  expect(await restartBroker(runtime, (one) => held.push(one), never)).toBe('kafka');
  expect(prepared).toEqual(['java', 'jars']);
  expect(await brokerState()).toBe('stopped');
  for (const one of held) await one.revert();
  expect(await brokerState()).toBe('running');
});
