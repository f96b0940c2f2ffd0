import { runPlan } from '../core/run-plan.ts';
import type { HeldFault } from '../runtime/faults.ts';
import { heldFault } from '../runtime/held-fault.ts';
import type { PreparationStep, Runtime } from '../runtime/runtime.ts';
import { kafka } from '../services/kafka.ts';

const BROKER = kafka.name;

/**
 * Stops the broker in good order; lifting the fault starts it again. What a start needs is prepared first: a broker that this process
 * could not start again must not be stopped.
 * @param hold told of the fault before anything is stopped
 * @returns what was struck
 */
export async function restartBroker(
  runtime: Runtime,
  hold: (held: HeldFault) => void,
  signal: AbortSignal,
): Promise<string> {
  await runPlan(neededBy(runtime.preparation()), { emit() {}, async close() {} }, signal);
  hold(heldFault(BROKER, () => runtime.start(BROKER, new AbortController().signal)));
  await runtime.stop(BROKER);
  return BROKER;
}

/** The broker's steps, and those that they come after. */
function neededBy(steps: readonly PreparationStep[]): readonly PreparationStep[] {
  const wanted = new Set(steps.filter((step) => step.neededBy.includes(BROKER)).map(({ name }) => name));
  for (const name of wanted) {
    for (const before of steps.find((step) => step.name === name)?.after ?? []) wanted.add(before);
  }
  return steps.filter(({ name }) => wanted.has(name));
}
