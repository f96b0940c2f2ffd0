import type { ServiceName } from '../services/service-name.ts';
import {
  type DownOptions,
  down,
  type ResetOptions,
  type ResetResult,
  type Restarted,
  reset,
  restart,
  type Stopped,
} from './down.ts';
import type { EngineContext } from './engine-context.ts';
import { type StackStatus, type StatusOptions, status } from './status.ts';
import { type UpOptions, type UpResult, up } from './up.ts';

/**
 * The use cases of one stack. None of them prints; each throws a ProductError for what can be
 * expected to go wrong.
 */
export interface Stack {
  /** Starts everything and waits until data is on disk. */
  up(options?: UpOptions): Promise<UpResult>;
  /** Stops everything and leaves data. */
  down(options?: DownOptions): Promise<Stopped>;
  /** Stops everything, wipes what the stack made, and starts afresh. */
  reset(options?: ResetOptions): Promise<ResetResult>;
  /** Looks at every service, and how far the stream is. */
  status(options?: StatusOptions): Promise<StackStatus>;
  /** Restarts services and waits until they are ready again. */
  restart(services: readonly ServiceName[]): Promise<Restarted>;
}

/**
 * The stack of a configuration. Nothing is held between two calls: what a stack is lies in its
 * folders and its runtime.
 */
export function createStack(context: EngineContext): Stack {
  return {
    up: (options) => up(context, options),
    down: (options) => down(context, options),
    reset: (options) => reset(context, options),
    status: (options) => status(context, options),
    restart: (services) => restart(context, services),
  };
}
