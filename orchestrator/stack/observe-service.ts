import type { Runtime, ServiceObservation } from '../runtime/runtime.ts';
import type { ServiceName } from '../services/service-name.ts';

/** One look at one service. */
export async function observeService(runtime: Runtime, service: ServiceName): Promise<ServiceObservation> {
  const found = (await runtime.observe()).find((observation) => observation.name === service);
  if (!found) throw new Error(`the ${runtime.name} runtime does not know the service ${service}`);
  return found;
}
