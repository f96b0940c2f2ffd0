import type { RestartPolicy } from '../supervisor/service-spec.ts';

/**
 * Restarts after 0.5, 1, 2, 4 and 8 s; six failures within a minute each are the end, a kill from outside not counted. A broker
 * that was killed needs up to three attempts, until ZooKeeper has forgotten its predecessor's session.
 */
export const RESTART_POLICY: RestartPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 15_000,
  steadyAfterMs: 60_000,
  maxFastFailures: 6,
};
