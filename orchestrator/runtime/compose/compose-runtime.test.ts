import { describe, it } from 'vitest';
import { SERVICE_NAMES, type ServiceName } from '../../core/services.ts';
import { CONTRACT_BEHAVIOURS, runtimeContract } from '../runtime-contract.ts';
import { testingEngine } from './testing/engine.ts';
import { LightProject } from './testing/light-project.ts';

const { engine, declined } = await testingEngine();

if (engine) {
  runtimeContract('the Compose runtime', async () => {
    const project = await LightProject.create(engine, { scripts: contractScripts(), graceMs: 500 });
    return {
      runtime: () => project.runtime(),
      crash: (service) => project.crash(service),
      dispose: () => project.dispose(),
    };
  });
} else {
  describe('the Compose runtime keeps the contract of Runtime', () => {
    it.skip(`not tried: ${declined}`, () => undefined);
  });
}

function contractScripts(): Record<ServiceName, string> {
  const script = (name: ServiceName): string => {
    switch (CONTRACT_BEHAVIOURS[name]) {
      case 'runs':
        // PID 1 has no default reaction to signals.
        return 'trap "exit 143" TERM; sleep 1000 & wait';
      case 'completes':
        return 'exit 0';
      case 'refuses':
        return 'exit 2';
      case 'stubborn':
        return 'trap "" TERM; while :; do sleep 0.1; done';
    }
  };
  return Object.fromEntries(
    SERVICE_NAMES.map((name) => [name, `echo ${name} began; ${script(name)}`]),
  ) as Record<ServiceName, string>;
}
