import { say } from '../commands/bench-command.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import type { BenchStack } from '../stack/bench-stack.ts';
import type { FilledTopic } from '../topic/fill-topic.ts';
import { type Drained, drainSide } from './drain-side.ts';

/** A backlog of its own kind, and the folder of its pipeline where that is not the default one. */
export interface NamedBacklog<Name extends string> {
  readonly name: Name;
  readonly topic: FilledTopic;
  readonly pipeline?: string;
}

/** A drain, with the name of what was drained and the speed in the measurement's unit. */
export interface NamedDrain<Name extends string> extends Drained {
  readonly name: Name;
  readonly speed: number;
}

/** What several kinds of backlog are compared by. */
export interface Comparison<Name extends string> {
  readonly rounds: number;
  readonly warmUp: number;
  /** The speed of a drain, in a unit of the measurement's own. */
  readonly speedOf: (drained: Drained, name: Name) => number;
  /** A speed as text with its unit. */
  readonly shown: (speed: number) => string;
}

/**
 * Lets the product's job drain each backlog as one batch, in every round, in alternating order.
 * @throws ProductError STEP_FAILED, VERIFY_DIFFERENCE
 */
export async function drainInTurns<Name extends string>(
  stack: BenchStack,
  backlogs: readonly NamedBacklog<Name>[],
  { rounds, warmUp, speedOf, shown }: Comparison<Name>,
  signal: AbortSignal,
): Promise<readonly NamedDrain<Name>[]> {
  const drained: NamedDrain<Name>[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const { name, topic, pipeline } of orderOf(backlogs, round)) {
      const plan = {
        ...{ topic, records: topic.records, warmUp, maxOffsetsPerTrigger: 0, conf: [] },
        ...(pipeline !== undefined && { pipeline }),
      };
      const one = await drainSide(stack, 'medallion', plan, signal);
      const speed = speedOf(one, name);
      drained.push({ ...one, name, speed });
      say(`round ${round + 1}, ${name}: ${shown(speed)}`);
    }
  }
  return drained;
}

/** Median, least and most speed of a kind of backlog. */
export function speedSummary<Name extends string>(drained: readonly NamedDrain<Name>[], name: Name) {
  return summarise(drained.filter((one) => one.name === name).map(({ speed }) => speed));
}

/** A sentence for each kind but the first: its speed as a multiple of the first one's. */
export function ratiosToFirst<Name extends string>(
  drained: readonly NamedDrain<Name>[],
  names: readonly Name[],
  sentence: (name: Name, ratio: string, first: Name) => string,
): readonly string[] {
  const [first, ...others] = names;
  if (first === undefined) return [];
  return others.map((name) => {
    const ratio = speedSummary(drained, name).median / speedSummary(drained, first).median;
    return sentence(name, ratio.toFixed(2), first);
  });
}
