import type { StackConfig } from '../config/stack-config.ts';
import type { Reporter } from '../core/reporter.ts';
import type { selectRuntime } from '../stack/select-runtime.ts';

/** What every use case of a stack works with. */
export interface EngineContext {
  readonly config: StackConfig;
  /** Receives what happens on the way; the outcome is what a use case returns or throws. */
  readonly reporter: Reporter;
  /** Its reason is what an aborted use case throws, once nothing is left half done. */
  readonly signal: AbortSignal;
  /** How the runtime is found: that of the stack when absent. */
  readonly select?: typeof selectRuntime;
}
