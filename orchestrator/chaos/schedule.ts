import { type FaultTarget, SUPERVISOR } from '../runtime/faults.ts';
import { FAULT_TARGETS, type Fault, type FaultKind, type Strike } from './fault.ts';
import type { FaultFilter } from './fault-filter.ts';
import { diskFullMs, pauseMs } from './hold-times.ts';
import { type SeededRandom, seededRandom } from './seeded-random.ts';

export interface ScheduleOptions {
  readonly seed: number;
  /** How many. */
  readonly faults: number;
  readonly filter: FaultFilter;
  /** Rest before each fault, in milliseconds; drawn when undefined. */
  readonly restMs?: number;
}

/** How often each kind comes in a round; every round is in an order of its own. */
const ROUND: Readonly<Record<FaultKind, number>> = {
  kill: 4,
  pause: 3,
  two: 1,
  restart: 1,
  'disk-full': 1,
  truncate: 1,
};

/** Rest by default: from none, so that a fault meets a stack that has only just recovered, to some micro-batches. */
const REST_MS = [0, 6000] as const;

/** How far into a micro-batch, or after the rest. */
const DELAY_MS = [0, 1500] as const;

/** The part of it for each query: a micro-batch of gold is over sooner. */
const DELAY_SHARE = { ingest: 1, gold: 1 / 3 } as const;

/** The shares of all faults that wait for a micro-batch, and for one of gold. */
const IN_BATCH = { any: 0.6, gold: 0.2 } as const;

/** No room at all; room for the checkpoint's entries, but for no Parquet file; room for the beginning of one. */
const FILE_BYTES = [0, 1024, 8192] as const;

/**
 * The faults in their order: a pure function of its options. The same seed gives the same faults; fewer of them are the first ones of
 * more. Kinds come in rounds, and every target of a kind once before any comes again.
 * @throws Error when the filter leaves nothing
 */
export function chaosSchedule({ seed, faults, filter, restMs }: ScheduleOptions): readonly Fault[] {
  const targets = FAULT_TARGETS.filter((target) => filter.struck.includes(target));
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
    // All draws of a fault are made in any case, so that one option does not change what another draws.
    const drawnRestMs = random.between(...REST_MS);
    const moment = random.fraction();
    const drawnDelayMs = random.between(...DELAY_MS);
    // A staged file is there only while a batch is at work; those of `ingest` are cut.
    const ofStaged = kind === 'truncate';
    const query = moment < IN_BATCH.gold && !ofStaged ? 'gold' : 'ingest';
    schedule.push({
      number,
      kind,
      ...strikesOf(kind, drawTarget, random),
      restMs: restMs ?? drawnRestMs,
      inBatch: moment < IN_BATCH.any || ofStaged,
      query,
      delayMs: ofStaged ? 0 : Math.round(drawnDelayMs * DELAY_SHARE[query]),
    });
  }
  return schedule;
}

function isPossible(kind: FaultKind, targets: readonly FaultTarget[], { struck }: FaultFilter): boolean {
  if (kind === 'restart') return targets.includes('broker');
  if (kind === 'two') return pairTargets(targets).length >= 2;
  if (kind === 'disk-full' || kind === 'truncate') return struck.includes('outputs');
  return targets.length > 0;
}

/** A local supervisor takes everything else with it: struck beside another it would hide that one. */
const pairTargets = (targets: readonly FaultTarget[]) => targets.filter((target) => target !== SUPERVISOR);

function strikesOf(
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
      const strike: Strike = { action: 'disk-full', target: 'outputs', fileBytes: random.pick(FILE_BYTES) };
      return { strikes: [strike], heldMs: diskFullMs(random) };
    }
    case 'truncate': {
      const strike: Strike = { action: 'truncate', target: 'outputs', keep: random.between(0, 95) / 100 };
      return { strikes: [strike], heldMs: 0 };
    }
  }
}

function two(draw: () => FaultTarget, random: SeededRandom): Pick<Fault, 'strikes' | 'heldMs'> {
  const first = draw();
  let second = draw();
  while (second === first) second = draw();
  const strikes = [first, second].map((target): Strike => {
    return { action: random.fraction() < 0.6 ? 'kill' : 'pause', target };
  });
  const paused = strikes.flatMap(({ action, target }) => (action === 'pause' ? [target] : []));
  return { strikes, heldMs: paused.length === 0 ? 0 : pauseMs(paused, random) };
}

/** Draws without putting back; shuffled anew when it is used up. */
function deck<T>(random: SeededRandom, cards: readonly T[]): () => T {
  let rest: T[] = [];
  return () => {
    if (rest.length === 0) rest = random.shuffled(cards);
    const card = rest.pop();
    if (card === undefined) throw new Error('a deck without cards was drawn from');
    return card;
  };
}
