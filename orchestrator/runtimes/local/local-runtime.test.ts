import { LightStack } from '../../../tests/support/light-stack.ts';
import { CONTRACT_BEHAVIOURS, runtimeContract } from '../../../tests/support/runtime-contract.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { SERVICE_NAMES } from '../../services/services.ts';
import { signalProcess } from '../../util/processes.ts';

runtimeContract('the local runtime', async () => {
  const stack = await LightStack.create({ scripts: contractScripts(), graceMs: 500 });
  return {
    runtime: () => stack.runtime(),
    crash: async (service) => {
      signalProcess(stack.pidOf(service), 'SIGKILL');
    },
    dispose: () => stack.dispose(),
  };
});

function contractScripts(): Partial<Record<ServiceName, string>> {
  const script = (name: ServiceName): string => {
    switch (CONTRACT_BEHAVIOURS[name] ?? 'runs') {
      case 'runs':
        return 'exec sleep 1000';
      case 'completes':
        return 'exit 0';
      case 'refuses':
        return 'exit 2';
      case 'stubborn':
        return 'trap "" TERM; echo deaf; while :; do sleep 0.1; done';
    }
  };
  return Object.fromEntries(SERVICE_NAMES.map((name) => [name, `echo ${name} began; ${script(name)}`]));
}
