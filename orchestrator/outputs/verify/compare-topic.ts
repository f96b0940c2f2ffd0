import type { Checkpoint } from '../checkpoint.ts';
import type { PartitionOffsets } from '../offset-log.ts';
import type { ExpectedRange } from './compare-offsets.ts';
import type { DifferenceLog } from './difference.ts';

/** One partition as the broker has it: the job gets records from `beginOffset` to before `endOffset`. */
export interface TopicPartition {
  readonly partition: number;
  readonly beginOffset: bigint | number;
  readonly endOffset: bigint | number;
  /** Where the log ends, open transactions included; `endOffset` where it is left out. */
  readonly logEndOffset?: bigint | number;
}

export interface TopicState {
  readonly name: string;
  readonly partitions: readonly TopicPartition[];
}

/** A partition in topic and checkpoint. */
export interface PartitionState {
  readonly partition: number;
  readonly begin: number | null;
  readonly start: number;
  readonly committed: number;
  readonly end: number | null;
  readonly logEnd: number | null;
  readonly lag: number;
}

/**
 * Sets the topic beside the checkpoint. A partition that the checkpoint does not know was added later: Spark reads such a
 * one from offset 0.
 */
export function partitionStates(topic: TopicState, checkpoint: Checkpoint): readonly PartitionState[] {
  const inTopic = new Map(topic.partitions.map((known) => [known.partition, known]));
  const start = checkpoint.start ?? new Map<number, number>();
  const committed = checkpoint.committed?.end ?? start;
  const partitions = [...new Set([...inTopic.keys(), ...start.keys(), ...committed.keys()])];
  return partitions
    .sort((a, b) => a - b)
    .map((partition) => {
      const known = inTopic.get(partition);
      const begin = known ? Number(known.beginOffset) : null;
      const end = known ? Number(known.endOffset) : null;
      const logEnd = known ? Number(known.logEndOffset ?? known.endOffset) : null;
      const from = start.get(partition) ?? 0;
      const to = committed.get(partition) ?? from;
      const lag = Math.max(0, (end ?? 0) - to);
      return { partition, begin, start: from, committed: to, end, logEnd, lag };
    });
}

/** Notes where the topic ends before what was read, or no longer has what was not read. */
export function compareTopic(
  states: readonly PartitionState[],
  /** Where the query is now: what it read meanwhile is not lost. */
  committedNow: PartitionOffsets,
  log: DifferenceLog,
): void {
  for (const { partition, begin, committed, logEnd } of states) {
    if (committed > (logEnd ?? 0)) {
      log.add({
        kind: 'behind-checkpoint',
        sink: null,
        partition,
        from: logEnd ?? 0,
        to: committed - 1,
        count: committed - (logEnd ?? 0),
        detail:
          logEnd === null
            ? `the topic has no such partition; ${committed} was committed`
            : `the topic ends at ${logEnd}, ${committed} was committed: was it recreated?`,
      });
    }
    const read = Math.max(committed, committedNow.get(partition) ?? 0);
    if (begin !== null && begin > read) {
      log.add({
        kind: 'lost-to-retention',
        sink: null,
        partition,
        from: read,
        to: begin - 1,
        count: begin - read,
        detail: `the topic begins at ${begin} now, and only what is below ${read} was read`,
      });
    }
  }
}

/**
 * What bronze should hold: what was committed, but for what was pruned.
 * @param keptFrom where it begins after pruning; undefined when nothing was pruned. A partition that is not in it was added
 *   after what was pruned.
 */
export function expectedRanges(
  states: readonly PartitionState[],
  keptFrom: PartitionOffsets | undefined,
): ReadonlyMap<number, ExpectedRange> {
  return new Map(
    states.map(({ partition, start, committed }) => {
      const kept = Math.max(start, keptFrom?.get(partition) ?? start);
      return [partition, { from: Math.min(kept, committed), to: committed }];
    }),
  );
}
