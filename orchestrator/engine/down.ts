import type { RuntimeName } from '../runtime/runtime.ts';
import type { ServiceName } from '../services/service-name.ts';
import { recordStopped } from '../stack/recorded-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import type { EngineContext } from './engine-context.ts';
import { withStackLock } from './stack-lock.ts';

export interface DownOptions {
  /** Whether the stack of a checkout that is not there any more becomes this one's first. */
  readonly takeOver?: boolean;
}

/** The services that `down` stopped. */
export interface Stopped {
  readonly runtime: RuntimeName;
  readonly stopped: readonly ServiceName[];
}

/**
 * Stops everything of the stack and leaves data.
 * @throws ProductError STOP_FAILED, STACK_RUNNING, FOREIGN_STACK
 */
export function down(context: EngineContext, options: DownOptions = {}): Promise<Stopped> {
  return withStackLock(context, 'down', options.takeOver === true, () => bringDown(context, options));
}

/** The work of `down`, for use cases that hold the stack's lock already. */
export async function bringDown(
  { config, reporter, select = selectRuntime }: EngineContext,
  { takeOver = false }: DownOptions = {},
): Promise<Stopped> {
  const { runtime } = await select(config, reporter);
  try {
    const taken = takeOver ? await runtime.takeOver() : [];
    const stopped = [...taken, ...(await runtime.down())];
    recordStopped(config);
    return { runtime: runtime.name, stopped };
  } finally {
    await runtime.close();
  }
}

/** What was stopped, for people. */
export function stoppedText({ stopped }: Stopped): string {
  return stopped.length === 0
    ? 'Nothing was running.'
    : `Stopped ${stopped.join(', ')}. Data and outputs stay.`;
}
