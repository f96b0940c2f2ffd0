import { setTimeout as sleep } from 'node:timers/promises';
import { ProductError } from '../core/product-error.ts';
import { type HeldFault, NothingToStrike } from '../runtime/faults.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Strike } from './fault.ts';
import { canFill, fillOutputs } from './fill-outputs.ts';
import { restartBroker } from './restart-broker.ts';
import { truncateStaged } from './truncate-staged.ts';

/** What strikes act through. */
export interface StrikeTools {
  readonly runtime: Runtime;
  readonly outputDir: string;
  /** OUTPUT_PATH on the local disk. */
  readonly outputFolder: string;
  /** How long a micro-batch may be waited for. */
  readonly batchTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** An executor is replaced some seconds after its worker or driver was. */
const TARGET_TIMEOUT_MS = 60_000;
const POLL_MS = 250;

/** Why a strike cannot be made on this machine; undefined when it can. */
export async function unableToStrike(strike: Strike, tools: StrikeTools): Promise<string | undefined> {
  const faults = tools.runtime.faults();
  if (strike.action === 'kill' || strike.action === 'pause') {
    return faults.unable(strike.action, strike.target);
  }
  if (strike.action !== 'disk-full' || (await canFill(tools.outputDir))) return undefined;
  return faults.unable('limit-file-size');
}

/**
 * Makes one strike.
 * @param hold told of what has to be lifted, before or as soon as it is done
 * @returns what was struck
 * @throws ProductError STEP_FAILED when there is nothing to strike
 */
export async function makeStrike(
  strike: Strike,
  tools: StrikeTools,
  hold: (held: HeldFault) => void,
): Promise<string> {
  const { runtime, signal } = tools;
  const held = async (fault: Promise<HeldFault>): Promise<string> => {
    const made = await fault;
    hold(made);
    return made.on;
  };
  switch (strike.action) {
    case 'kill':
      return onceThere(tools, () => runtime.faults().kill(strike.target));
    case 'pause':
      return onceThere(tools, () => held(runtime.faults().pause(strike.target)));
    case 'restart':
      return restartBroker(runtime, hold, signal);
    case 'disk-full':
      return held(
        (await canFill(tools.outputDir))
          ? fillOutputs(tools.outputDir)
          : runtime.faults().limitFileSize(strike.fileBytes),
      );
    case 'truncate':
      return truncateStaged(tools.outputFolder, strike.keep, tools.batchTimeoutMs, signal);
  }
}

/** Strikes as soon as the target has a process. */
async function onceThere<T>(tools: StrikeTools, act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + TARGET_TIMEOUT_MS;
  for (;;) {
    tools.signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof NothingToStrike)) throw error;
      if (performance.now() < deadline) {
        await sleep(POLL_MS);
        continue;
      }
      throw new ProductError('STEP_FAILED', {
        message: `${error.message} within ${TARGET_TIMEOUT_MS / 1000} s.`,
        hint: '`npm run status` shows what runs.',
        cause: error,
      });
    }
  }
}
