import { type FaultTarget, SUPERVISOR } from '../runtime/faults.ts';
import { FAULT_POINTS } from './fault.ts';
import type { SeededRandom } from './seeded-random.ts';

/** From and to, in milliseconds. */
type Span = readonly [number, number];

/** What a retry bridges: nothing should even be restarted. */
const SHORT: Span = [1000, 5000];

/** A command waits 10 s for the supervisor's answer. */
const LONG_FOR_SUPERVISOR: Span = [11_000, 20_000];

/** Longer than whoever waits for the target has patience, so that it is given up for dead. */
function longPause(target: FaultTarget): Span {
  if (target === SUPERVISOR) return LONG_FOR_SUPERVISOR;
  const point = FAULT_POINTS.find((one) => one.target === target);
  if (!point) throw new Error(`no service has a process that is called ${target}`);
  return point.longPauseMs;
}

/** Long enough for a driver to fail, to be started again and to meet the full disk once more. */
const DISK_FULL: Span = [3000, 15_000];

/** One of four pauses is a long one. */
export function pauseMs(targets: readonly FaultTarget[], random: SeededRandom): number {
  const long = random.fraction() < 0.25;
  const spans = targets.map((target) => (long ? longPause(target) : SHORT));
  // Of two that are held together, the shorter patience is enough.
  const [min, max] = spans.toSorted((one, other) => one[0] - other[0])[0] ?? SHORT;
  return random.between(min, max);
}

export const diskFullMs = (random: SeededRandom): number => random.between(...DISK_FULL);
