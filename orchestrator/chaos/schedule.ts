import { randomInt } from 'node:crypto';
import { type FaultTarget, SUPERVISOR } from '../runtimes/faults.ts';
import {
  FAULT_POINTS,
  FAULT_TARGETS,
  type Fault,
  type FaultFilter,
  type FaultKind,
  type Injection,
} from './fault.ts';

/** Everything that a schedule depends on. */
export interface ScheduleOptions {
  readonly seed: number;
  /** How many. */
  readonly faults: number;
  readonly filter: FaultFilter;
  /** Rest before each fault, in milliseconds; drawn when undefined. */
  readonly restMs?: number;
}

/** How often each kind occurs in a round; every round has its own order. */
const ROUND: Readonly<Record<FaultKind, number>> = {
  kill: 4,
  pause: 3,
  two: 1,
  restart: 1,
  'disk-full': 1,
  truncate: 1,
};

/**
 * Rest by default: from none, so that a fault hits a stack that has only just recovered, to some
 * micro-batches.
 */
const REST_MS = [0, 6000] as const;

/** The delay within a micro-batch, or after the rest. */
const DELAY_MS = [0, 1500] as const;

/** The share of that delay for each query: a micro-batch of gold is shorter. */
const DELAY_SHARE = { ingest: 1, gold: 1 / 3 } as const;

/** The shares of all faults that wait for a micro-batch, and for one of gold. */
const IN_BATCH = { any: 0.6, gold: 0.2 } as const;

/**
 * No room at all; room for the checkpoint's entries, but for no Parquet file; room for the
 * beginning of one.
 */
const FILE_BYTES = [0, 1024, 8192] as const;

/**
 * Returns the faults in their order, as a pure function of the options. The same seed gives the
 * same faults; a shorter schedule is the beginning of a longer one. Kinds come in rounds, and every
 * target of a kind occurs once before any repeats.
 * @throws Error when the filter leaves nothing
 */
export function chaosSchedule({ seed, faults, filter, restMs }: ScheduleOptions): readonly Fault[] {
  const targets = FAULT_TARGETS.filter((target) => filter.places.includes(target));
  const kinds = filter.kinds.filter((kind) => isPossible(kind, targets, filter));
  if (kinds.length === 0) throw new Error('no fault is left by --only and --except');
  const random = seededRandom(seed);
  const drawKind = deck(
    random,
    kinds.flatMap((kind) => Array<FaultKind>(ROUND[kind]).fill(kind)),
  );
  const drawTarget = {
    kill: deck(random, targets),
    pause: deck(random, targets),
    two: deck(random, pairTargets(targets)),
  };
  const schedule: Fault[] = [];
  for (let number = 1; number <= faults; number++) {
    const kind = drawKind();
    // All draws of a fault are made in any case, so that one option does not change the draws of
    // another.
    const drawnRestMs = random.between(...REST_MS);
    const moment = random.fraction();
    const drawnDelayMs = random.between(...DELAY_MS);
    // A staged file exists only while a batch runs; those of `ingest` are cut.
    const ofStaged = kind === 'truncate';
    const query = moment < IN_BATCH.gold && !ofStaged ? 'gold' : 'ingest';
    schedule.push({
      number,
      kind,
      ...injectionsOf(kind, drawTarget, random),
      restMs: restMs ?? drawnRestMs,
      inBatch: moment < IN_BATCH.any || ofStaged,
      query,
      delayMs: ofStaged ? 0 : Math.round(drawnDelayMs * DELAY_SHARE[query]),
    });
  }
  return schedule;
}

function isPossible(kind: FaultKind, targets: readonly FaultTarget[], { places }: FaultFilter): boolean {
  if (kind === 'restart') return targets.includes('broker');
  if (kind === 'two') return pairTargets(targets).length >= 2;
  if (kind === 'disk-full' || kind === 'truncate') return places.includes('outputs');
  return targets.length > 0;
}

/** A local supervisor takes everything else with it. In a pair it would hide the other fault. */
const pairTargets = (targets: readonly FaultTarget[]) => targets.filter((target) => target !== SUPERVISOR);

function injectionsOf(
  kind: FaultKind,
  draw: Readonly<Record<'kill' | 'pause' | 'two', () => FaultTarget>>,
  random: SeededRandom,
): Pick<Fault, 'strikes' | 'heldMs'> {
  switch (kind) {
    case 'kill':
      return { strikes: [{ action: 'kill', target: draw.kill() }], heldMs: 0 };
    case 'pause': {
      const target = draw.pause();
      return { strikes: [{ action: 'pause', target }], heldMs: pauseMs([target], random) };
    }
    case 'restart':
      return { strikes: [{ action: 'restart', target: 'broker' }], heldMs: 0 };
    case 'two':
      return two(draw.two, random);
    case 'disk-full': {
      const injection: Injection = {
        action: 'disk-full',
        target: 'outputs',
        fileBytes: random.pick(FILE_BYTES),
      };
      return { strikes: [injection], heldMs: diskFullMs(random) };
    }
    case 'truncate': {
      const injection: Injection = {
        action: 'truncate',
        target: 'outputs',
        keep: random.between(0, 95) / 100,
      };
      return { strikes: [injection], heldMs: 0 };
    }
  }
}

function two(draw: () => FaultTarget, random: SeededRandom): Pick<Fault, 'strikes' | 'heldMs'> {
  const first = draw();
  let second = draw();
  while (second === first) second = draw();
  const strikes = [first, second].map((target): Injection => {
    return { action: random.fraction() < 0.6 ? 'kill' : 'pause', target };
  });
  const paused = strikes.flatMap(({ action, target }) => (action === 'pause' ? [target] : []));
  return { strikes, heldMs: paused.length === 0 ? 0 : pauseMs(paused, random) };
}

/** Draws without replacement; reshuffles the deck when it is used up. */
function deck<T>(random: SeededRandom, cards: readonly T[]): () => T {
  let rest: T[] = [];
  return () => {
    if (rest.length === 0) rest = random.shuffled(cards);
    const card = rest.pop();
    if (card === undefined) throw new Error('a deck without cards was drawn from');
    return card;
  };
}

/** Largest seed that a person can easily type again. */
export const MAX_SEED = 999_999_999;

/** Draws a seed from the system, for a run that names none. */
export const seedFromSystem = (): number => randomInt(1, MAX_SEED + 1);

/** A seeded source of random numbers: the same seed gives the same draws, on every machine. */
interface SeededRandom {
  /** Returns a number in [0, 1). */
  fraction(): number;
  /** Returns a whole number from `min` to `max`, both included. */
  between(min: number, max: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
  /** Returns a copy in another order (Fisher and Yates). */
  shuffled<T>(values: readonly T[]): T[];
}

/**
 * splitmix32, with the constants of MurmurHash3's finalizer; enough for schedules, not for secrets.
 */
function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x85ebca6b);
    word ^= word >>> 13;
    word = Math.imul(word, 0xc2b2ae35);
    word ^= word >>> 16;
    return (word >>> 0) / 0x1_0000_0000;
  };
  const between = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1));
  return {
    fraction,
    between,
    pick: (values) => values[between(0, values.length - 1)] ?? values[0],
    shuffled: (values) => {
      const copy = [...values];
      for (let last = copy.length - 1; last > 0; last--) {
        const other = between(0, last);
        const [a, b] = [copy[last], copy[other]];
        if (a !== undefined && b !== undefined) [copy[last], copy[other]] = [b, a];
      }
      return copy;
    },
  };
}

/** From and to, in milliseconds. */
type Span = readonly [number, number];

/** A retry bridges this time, so nothing should even be restarted. */
const SHORT: Span = [1000, 5000];

/** A command waits 10 s for the supervisor's answer. */
const LONG_FOR_SUPERVISOR: Span = [11_000, 20_000];

/**
 * Longer than the timeout of whatever waits for the target, so that the target is considered dead.
 */
function longPause(target: FaultTarget): Span {
  if (target === SUPERVISOR) return LONG_FOR_SUPERVISOR;
  const point = FAULT_POINTS.find((one) => one.target === target);
  if (!point) throw new Error(`no service has a process that is called ${target}`);
  return point.longPauseMs;
}

/** Long enough for a driver to fail, to be started again and to find the disk still full. */
const DISK_FULL: Span = [3000, 15_000];

/** One of four pauses is a long one. */
function pauseMs(targets: readonly FaultTarget[], random: SeededRandom): number {
  const long = random.fraction() < 0.25;
  const spans = targets.map((target) => (long ? longPause(target) : SHORT));
  // For two targets that are held together, the shorter timeout is enough.
  const [min, max] = spans.toSorted((one, other) => one[0] - other[0])[0] ?? SHORT;
  return random.between(min, max);
}

const diskFullMs = (random: SeededRandom): number => random.between(...DISK_FULL);
