import type { FaultTarget } from '../runtime/faults.ts';
import type { SeededRandom } from './seeded-random.ts';

/** From and to, in milliseconds. */
type Span = readonly [number, number];

/** What a retry bridges: nothing should even be restarted. */
const SHORT: Span = [1000, 5000];

/**
 * Longer than whoever waits for the target has patience, so that it is given up for dead. ZooKeeper's sessions are 6 s (the
 * broker's zookeeper.session.timeout.ms); a master drops a worker after 60 s (spark.worker.timeout), a driver its executors after
 * 120 s (spark.network.timeout), a command the supervisor after 10 s.
 */
const LONG: Readonly<Record<FaultTarget, Span>> = {
  zookeeper: [8000, 20_000],
  broker: [8000, 40_000],
  producer: [5000, 20_000],
  supervisor: [11_000, 20_000],
  master: [62_000, 75_000],
  worker: [62_000, 75_000],
  executor: [122_000, 135_000],
  driver: [62_000, 135_000],
};

/** Long enough for a driver to fail, to be started again and to meet the full disk once more. */
const DISK_FULL: Span = [3000, 15_000];

/** One of four pauses is a long one. */
export function pauseMs(targets: readonly FaultTarget[], random: SeededRandom): number {
  const long = random.fraction() < 0.25;
  const spans = targets.map((target) => (long ? LONG[target] : SHORT));
  // Of two that are held together, the shorter patience is enough.
  const [min, max] = spans.toSorted((one, other) => one[0] - other[0])[0] ?? SHORT;
  return random.between(min, max);
}

export const diskFullMs = (random: SeededRandom): number => random.between(...DISK_FULL);
