import { SERVICE_NAMES } from '../../orchestrator/services/services.ts';
import { type FakeBehaviour, FakeRuntime, FakeStack } from './fake-runtime.ts';
import { CONTRACT_BEHAVIOURS, runtimeContract } from './runtime-contract.ts';

runtimeContract('the fake runtime', async () => {
  const behaviours = Object.fromEntries(
    SERVICE_NAMES.map((name): [string, FakeBehaviour] => {
      const lines = [`${name} began`];
      switch (CONTRACT_BEHAVIOURS[name]) {
        case 'completes':
          return [name, { kind: 'ends', code: 0, lines }];
        case 'refuses':
          return [name, { kind: 'ends', code: 2, lines }];
        default:
          return [name, { kind: 'runs', lines }];
      }
    }),
  );
  const stack = new FakeStack(behaviours);
  return {
    runtime: () => new FakeRuntime(stack),
    // The clock must move on, as it does for any real process.
    crash: async (service) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      stack.end(service, 1);
    },
    dispose: async () => undefined,
  };
});
