import type { Service } from '../../../services/service.ts';
import { RESTART_POLICY } from './restart-policy.ts';
import type { LaunchContext, ServiceLaunch } from './service-launch.ts';

/** What a service's start consists of; touches nothing. */
export function serviceLaunch(service: Service, context: LaunchContext): ServiceLaunch {
  const { name, kind, finalExitCodes } = service;
  const { folders, files, ...process } = service.asProcess.launch(context);
  return { spec: { name, kind, finalExitCodes, restart: RESTART_POLICY, ...process }, folders, files };
}
