import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { StackConfig } from '../config/stack-config.ts';
import type { Reporter } from '../core/reporter.ts';
import type { DetectedRuntime } from '../runtime/detect.ts';
import { localRuntime } from '../runtime/local/local-runtime.ts';
import type { Runtime, RuntimeName } from '../runtime/runtime.ts';
import { SERVICES } from '../services/services.ts';
import { type RecordedStack, readRecordedStack } from './recorded-stack.ts';

/** A runtime and, in one line, why it was taken. */
export interface SelectedRuntime {
  readonly runtime: Runtime;
  readonly reason: string;
}

/**
 * The runtime that holds the running stack, if one does; otherwise the one that RUNTIME asks for. `auto` stays with the runtime
 * that has the topic of the outputs; without one it takes Compose when an engine and the plugin answer, and the engine can run
 * the stack of this checkout.
 * @param reporter receives a note when an engine is slow to answer
 * @throws ProductError NO_ENGINE when Compose is asked for
 */
export async function selectRuntime(config: StackConfig, reporter?: Reporter): Promise<SelectedRuntime> {
  const recorded = readRecordedStack(config);
  const chosen = await chooseRuntime(config, recorded, (text) => reporter?.emit({ type: 'note', text }));
  if (chosen.name === 'local') return { runtime: localRuntime(config, SERVICES), reason: chosen.reason };
  const { ComposeRuntime } = await import('../runtime/compose/compose-runtime.ts');
  const runtime = new ComposeRuntime(config, chosen.engine, SERVICES, hasMadeData(config, recorded));
  return { runtime, reason: chosen.reason };
}

/** A bare `docker compose up` leaves no record, but outputs with their checkpoint. */
function hasMadeData({ outputDir }: StackConfig, recorded: RecordedStack | undefined): boolean {
  return recorded ? recorded.runtime === 'compose' : existsSync(join(outputDir, 'parquet', '_chk'));
}

async function chooseRuntime(
  config: StackConfig,
  recorded: RecordedStack | undefined,
  onWait: (text: string) => void,
): Promise<DetectedRuntime> {
  const { settings, environment } = config;
  const wanted = settings.RUNTIME;
  const name = wanted === 'auto' ? recorded?.runtime : wanted;
  if (name === 'local') return { name, reason: reasonFor(name, recorded) };
  // Docker's client is loaded only where it may be needed: it takes longer than a command of the local runtime itself.
  const { detectRuntime, requireEngine } = await import('../runtime/detect.ts');
  if (name === undefined) {
    const detected = await detectRuntime(environment, onWait);
    if (detected.name === 'local') return detected;
    const { composeObstacle } = await import('../runtime/compose/compose-obstacle.ts');
    const obstacle = await composeObstacle(config, detected.engine);
    return obstacle
      ? { name: 'local', reason: `runtime local: not Compose, since ${obstacle.reason}` }
      : detected;
  }
  return {
    name,
    engine: await requireEngine(environment, onWait),
    reason: reasonFor(name, recorded),
  };
}

function reasonFor(name: RuntimeName, recorded: RecordedStack | undefined): string {
  if (recorded?.runtime !== name) return `runtime ${name}, as RUNTIME says`;
  if (recorded.running) return `runtime ${name}, which holds the running stack`;
  return `runtime ${name}, which has the topic that the outputs were made from`;
}
