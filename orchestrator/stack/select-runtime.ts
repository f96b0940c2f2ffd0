import type { StackConfig } from '../config/stack-config.ts';
import { ProductError } from '../core/product-error.ts';
import { localRuntime } from '../runtime/local/local-runtime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { readRecordedStack } from './recorded-stack.ts';

/** A runtime and, in one line, why it was taken. */
export interface SelectedRuntime {
  readonly runtime: Runtime;
  readonly reason: string;
}

/**
 * The runtime that holds the running stack, if one does; otherwise the one that RUNTIME asks for.
 * @throws ProductError NO_ENGINE when Compose is asked for, STACK_RUNNING when the stack runs in another runtime
 */
export async function selectRuntime(config: StackConfig): Promise<SelectedRuntime> {
  const wanted = config.settings.RUNTIME;
  const held = readRecordedStack(config)?.runtime;
  if (held && wanted !== 'auto' && wanted !== held) {
    throw new ProductError('STACK_RUNNING', {
      message: `RUNTIME=${wanted} is asked for, but the stack of this folder was started with RUNTIME=${held}.`,
      hint: `Run \`npm run down -- --runtime ${held}\` first.`,
    });
  }
  if (wanted === 'compose') {
    throw new ProductError('NO_ENGINE', {
      message: 'RUNTIME=compose is not available in this version.',
      hint: 'Use RUNTIME=local.',
    });
  }
  return {
    runtime: localRuntime(config),
    reason: held ? `runtime ${held}, which holds the running stack` : 'runtime local',
  };
}
