import type { OutputName } from '../sinks.ts';

/** What can be wrong, with what `from` to `to` are about. */
export const DIFFERENCE_KINDS = {
  'other-topic': 'The checkpoint belongs to another topic.',
  'checkpoint-missing': 'There are outputs, but no checkpoint that tells what they should hold.',
  'behind-checkpoint': 'The topic ends before what was already read: it was recreated, or lost its tail.',
  'lost-to-retention': 'The topic no longer has records that were not read yet.',
  'file-doubled': 'A micro-batch has more than one file that holds all of it, or parts beside such a file.',
  'file-unreadable': 'A committed file cannot be read.',
  'foreign-row': 'Rows are of another topic, or lack topic, partition or offset.',
  missing: 'Records that were committed are not in bronze.',
  unexpected: 'Bronze has offsets that no committed micro-batch read.',
  aborted: 'Bronze has a record whose transaction was aborted.',
  doubled: 'A record is in the same sink more than once.',
  'in-neither': 'A bronze row is in neither silver nor quarantine.',
  'in-both': 'A bronze row is in silver and in quarantine.',
  'without-bronze': 'A row has no bronze row.',
  'value-wrong': 'A row has other values than its record gives.',
  'wrong-sink': 'A record is in silver that belongs in quarantine, or the other way round.',
  'wrong-reason': 'A record is in quarantine for another reason than its value gives.',
  'csv-rows': 'A micro-batch has not as many rows in raw_csv as in silver.',
  'csv-txns': 'A micro-batch has other values in the first column of raw_csv than in silver.',
  'csv-values': 'A row of raw_csv has other values than its silver row.',
  'gold-doubled': 'A window of the same keys is in gold more than once.',
  'gold-missing': 'A closed window is not in gold.',
  'gold-extra': 'A window in gold has no silver rows.',
  'gold-wrong': 'A window in gold differs from the aggregation of its silver rows.',
  'gold-early': 'A window is in gold before it was closed.',
  'watermark-wrong': 'The watermark that a micro-batch left is not the one that its records give.',
  'key-unfulfilled': 'A record of the answer key did not land where the key says.',
} as const;

export type DifferenceKind = keyof typeof DIFFERENCE_KINDS;

/** One difference between topic and outputs, or among outputs. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** The sink concerned; null where it is the topic or the checkpoint. */
  readonly sink: OutputName | null;
  readonly topic: string;
  readonly partition: number | null;
  /** First and last offset concerned, both included; null where it is not about offsets. */
  readonly from: number | null;
  readonly to: number | null;
  /** Records, rows, windows or files concerned. */
  readonly count: number;
  readonly detail: string;
}

/** Where differences are gathered: all are counted, the first of each kind and sink are kept. */
export class DifferenceLog {
  readonly kept: Difference[] = [];
  /** All differences, kept or not. */
  total = 0;
  readonly #perKind = new Map<string, number>();
  readonly #topic: string;
  readonly #keptPerKind: number;

  constructor(topic: string, keptPerKind = 50) {
    this.#topic = topic;
    this.#keptPerKind = keptPerKind;
  }

  add(
    difference: Pick<Difference, 'kind' | 'sink' | 'count'> &
      Partial<Pick<Difference, 'partition' | 'from' | 'to' | 'detail'>>,
  ): void {
    const room = this.room(difference.kind, difference.sink);
    this.addUnlisted(difference, 1);
    if (room === 0) return;
    const detail = difference.detail ?? DIFFERENCE_KINDS[difference.kind];
    this.kept.push({ topic: this.#topic, partition: null, from: null, to: null, ...difference, detail });
  }

  /** Counts differences that were found and not fetched. */
  addUnlisted({ kind, sink }: Pick<Difference, 'kind' | 'sink'>, count: number): void {
    const key = `${kind} ${sink}`;
    this.#perKind.set(key, (this.#perKind.get(key) ?? 0) + count);
    this.total += count;
  }

  /** An empty one of the same topic. */
  fresh(): DifferenceLog {
    return new DifferenceLog(this.#topic, this.#keptPerKind);
  }

  /** Takes over what another log has, behind what is here. */
  append(other: DifferenceLog): void {
    this.kept.push(...other.kept);
    this.total += other.total;
    for (const [key, count] of other.#perKind) this.#perKind.set(key, (this.#perKind.get(key) ?? 0) + count);
  }

  /** How many more of a kind are worth fetching in detail. */
  room(kind: DifferenceKind, sink: OutputName | null): number {
    return Math.max(0, this.#keptPerKind - (this.#perKind.get(`${kind} ${sink}`) ?? 0));
  }
}
