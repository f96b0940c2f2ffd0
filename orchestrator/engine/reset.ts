import { planOutputsWipe } from '../outputs/wipe-outputs.ts';
import { forgetStack } from '../stack/recorded-stack.ts';
import { standingConfig } from '../stack/resolve-stack.ts';
import { selectRuntime } from '../stack/select-runtime.ts';
import { bringDown, type Stopped, stoppedText } from './down.ts';
import type { EngineContext } from './engine-context.ts';
import { withStackLock } from './stack-lock.ts';
import { bringUp, type UpResult } from './up.ts';

export interface ResetOptions {
  /** Whether Kafka's and ZooKeeper's data stay. */
  readonly keepTopic?: boolean;
  /** Whether the stack is left stopped. */
  readonly onlyWipe?: boolean;
  /** Whether the stack of a checkout that is not there any more becomes this one's first. */
  readonly takeOver?: boolean;
}

/** What `reset` stopped and deleted. */
export interface Wiped extends Stopped {
  readonly wiped: readonly string[];
  readonly keptTopic: boolean;
}

export interface ResetResult {
  readonly wiped: Wiped;
  /** The new start; absent when it was only wiped. */
  readonly up?: UpResult;
}

/**
 * Stops everything, wipes what the stack made, and starts it again.
 * @throws ProductError FOREIGN_FILES having deleted nothing, and all that `down` and `up` throw
 */
export function reset(context: EngineContext, options: ResetOptions = {}): Promise<ResetResult> {
  return withStackLock(context, 'reset', options.takeOver === true, async () => {
    const wiped = await stopAndWipe(context, options);
    if (options.onlyWipe) return { wiped };
    // It comes before what may fail: an `up` that fails has its error for a result.
    context.reporter.emit({ type: 'progress', event: 'wiped', data: { ...wiped }, text: wipedText(wiped) });
    return { wiped, up: await bringUp(options.keepTopic ? context : withoutData(context)) };
  });
}

/** What was stopped and deleted, for people. */
export function wipedText(done: Wiped): string {
  const wiped = done.wiped.length === 0 ? 'There was nothing to wipe.' : `Wiped ${done.wiped.join(', ')}.`;
  return `${stoppedText(done)}\n${wiped}`;
}

async function stopAndWipe(
  context: EngineContext,
  { keepTopic = false, takeOver = false }: ResetOptions,
): Promise<Wiped> {
  const { reporter, select = selectRuntime } = context;
  // What is wiped is the stack as it was recorded; what flags ask for is the next one's.
  const config = standingConfig(context.config);
  const { runtime } = await select(config, reporter);
  try {
    // Everything that could refuse refuses here, before anything is stopped or deleted.
    if (!takeOver) await runtime.assertOwn();
    const outputs = await planOutputsWipe(runtime.outputPath, config.outputDir, { keepTopic });
    const stopped = await bringDown({ ...context, config }, { takeOver });
    const wiped = [...(await runtime.wipe({ keepTopic })), ...(await outputs.wipe())];
    if (!keepTopic) forgetStack(config);
    return { ...stopped, wiped, keptTopic: keepTopic };
  } finally {
    await runtime.close();
  }
}

/** Without data any runtime will do. */
function withoutData({ config, ...context }: EngineContext): EngineContext {
  const settings = { ...config.settings, RUNTIME: config.askedRuntime };
  return { ...context, config: { ...config, settings } };
}
