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
 * The use cases of one stack. None of them prints. Each throws a ProductError for every failure
 * that can be expected.
 */
export interface Stack {
  /** Starts everything and waits until data is on disk. */
  up(options?: UpOptions): Promise<UpResult>;
  /** Stops everything and keeps its data. */
  down(options?: DownOptions): Promise<Stopped>;
  /** Stops everything, wipes what the stack made, and starts again. */
  reset(options?: ResetOptions): Promise<ResetResult>;
  /** Observes every service, and how far the stream has come. */
  status(options?: StatusOptions): Promise<StackStatus>;
  /** Restarts services and waits until they are ready again. */
  restart(services: readonly ServiceName[]): Promise<Restarted>;
}

/**
 * Returns the stack of a configuration. It keeps no state between two calls: the state of a stack
 * is in its folders and its runtime.
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
