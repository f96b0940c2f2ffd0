import { warnOfOtherOwner } from '../stack/folder-owners.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import { type StackStatus, stackStatus } from '../stack/service-status.ts';
import { waitForReady } from '../stack/wait-for-ready.ts';
import type { EngineContext } from './engine-context.ts';
import { reportedSteps } from './reported-steps.ts';

export interface StatusOptions {
  /** How long to wait at most until everything is ready; one look when undefined. */
  readonly waitMs?: number | undefined;
}

/** Looks at the stack, ready or not; a service that has failed for good ends a wait at once. */
export async function status(
  { config, reporter, signal, select = selectRuntime }: EngineContext,
  { waitMs }: StatusOptions = {},
): Promise<StackStatus> {
  const { runtime } = await select(config, reporter);
  const look = () => stackStatus(config, runtime);
  try {
    await warnOfOtherOwner(config, runtime, reporter);
    if (waitMs === undefined) return await look();
    const steps = reportedSteps(reporter, [{ step: 'wait', title: 'wait until everything is ready' }]);
    return await steps.run(
      'wait',
      (onDetail) => waitForReady({ look, timeoutMs: waitMs, signal, onDetail }),
      ({ ready }) => (ready ? 'everything is ready' : 'not ready'),
    );
  } finally {
    await runtime.close();
  }
}
