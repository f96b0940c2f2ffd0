import type { StackConfig } from '../config/stack-config.ts';
import type { Probe } from '../core/probe.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Service } from '../services/service.ts';
import { observeService } from './observe-service.ts';

/** The readiness of a service in a runtime. `up` waits for it and `status` asks once. */
export function serviceProbe(service: Service, config: StackConfig, runtime: Runtime): Probe {
  return service.readiness({
    config,
    outputPath: runtime.outputPath,
    addressOf: (setting) => runtime.addressOf(setting),
    observe: () => observeService(runtime, service.name),
  });
}
