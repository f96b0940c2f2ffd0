import { sparkStreaming } from '../../orchestrator/services/spark-streaming.ts';
import { pidOf } from '../../tests/support/stack-status.ts';
import { TestStack } from '../../tests/support/test-stack.ts';
import { until } from '../../tests/support/until.ts';
import { verify } from '../../tests/support/verify.ts';
import { type DriverMemory, driverMemory } from './driver-memory.ts';
import { batchDurations, countFiles, lastCommitted } from './output-files.ts';
import { type Point, type Slope, slopeOf } from './slope.ts';

export interface GrowthOptions {
  /** Micro-batches to run. */
  readonly batches: number;
  /** TRIGGER_INTERVAL. After a batch that takes longer the next one begins at once. */
  readonly trigger: string;
  /** Records a second. */
  readonly rate: number;
  /**
   * Micro-batches left out of the slopes, in which caches and everything else with a bound fill up.
   */
  readonly warmUp: number;
  /** Samples after the warm-up. */
  readonly samples: number;
  readonly onProgress?: (line: string) => void;
}

/** One quantity over the run. */
interface Growth extends Slope {
  readonly quantity: string;
  readonly unit: 'MiB' | 'ms' | 'files' | 'classes' | 'threads';
  /** Change per 1,000 micro-batches that still counts as flat. */
  readonly tolerance: number;
  readonly flat: boolean;
}

export interface GrowthReport {
  readonly batches: number;
  readonly records: number;
  readonly growth: readonly Growth[];
  /** The result of `verify` at the end. */
  readonly equal: boolean;
}

interface Sample {
  readonly batch: number;
  readonly memory: DriverMemory;
  readonly files: ReadonlyMap<string, number>;
}

const MIB = 1024 * 1024;
/**
 * Every micro-batch closes windows and most have rejects, so that every sink is full when the
 * warm-up ends.
 */
const EVERY_SINK = { EVENTS_PER_SEC: '0.05', MALFORMED_RATE: '0.2' };
/** No micro-batch takes this long on any machine. */
const BATCH_TIMEOUT_MS = 60_000;

/**
 * Runs many small micro-batches on a local stack of its own, and reports what grew. The stack is
 * removed afterwards.
 */
export async function runGrowth(options: GrowthOptions): Promise<GrowthReport> {
  const { batches, warmUp, samples, onProgress = () => undefined } = options;
  const stack = await TestStack.create({
    TRIGGER_INTERVAL: options.trigger,
    MSGS_PER_SEC: `${options.rate}`,
    ...EVERY_SINK,
  });
  try {
    const up = await stack.run('up');
    if (up.code !== 0) throw new Error(`up ended with ${up.code}: ${up.stderr}`);
    const pid = await pidOf(stack, sparkStreaming.name);
    const durations = new Map<number, number>();
    const taken: Sample[] = [];
    for (let index = 0; index <= samples; index += 1) {
      await reach(stack.outputPath, Math.round(warmUp + ((batches - warmUp) * index) / samples), durations);
      const batch = lastCommitted(stack.outputPath);
      const sample = { batch, memory: await driverMemory(pid), files: countFiles(stack.outputPath) };
      taken.push(sample);
      onProgress(describe(sample));
    }
    if ((await pidOf(stack, sparkStreaming.name)) !== pid)
      throw new Error('the driver was restarted on the way');
    const { equal, partitions } = await verify(stack);
    const records = partitions.reduce((sum, { end }) => sum + end, 0);
    return { batches, records, growth: growthOf(taken, durations, warmUp), equal };
  } finally {
    await stack.discard();
  }
}

/**
 * Waits until a micro-batch is committed, and collects durations before the checkpoint drops them.
 */
async function reach(outputPath: string, batch: number, durations: Map<number, number>): Promise<void> {
  for (let last = -1; last < batch; ) {
    const before = last;
    last = await until(
      () => `micro-batch ${before + 1} is not committed`,
      BATCH_TIMEOUT_MS,
      () => (lastCommitted(outputPath) > before ? lastCommitted(outputPath) : undefined),
    );
    if (last % 20 === 0 || last >= batch) {
      for (const [id, ms] of batchDurations(outputPath)) durations.set(id, ms);
    }
  }
}

function growthOf(
  samples: readonly Sample[],
  durations: ReadonlyMap<number, number>,
  warmUp: number,
): Growth[] {
  const memory = (quantity: string, of: (sample: DriverMemory) => number, tolerance: number) =>
    growth(
      quantity,
      'MiB',
      tolerance,
      samples.map(({ batch, memory }) => ({ batch, value: of(memory) / MIB })),
    );
  const count = (
    quantity: string,
    unit: Growth['unit'],
    of: (sample: DriverMemory) => number,
    tolerance: number,
  ) =>
    growth(
      quantity,
      unit,
      tolerance,
      samples.map(({ batch, memory }) => ({ batch, value: of(memory) })),
    );
  const folders = [...(samples[0]?.files.keys() ?? [])];
  return [
    memory('live heap of the driver', ({ liveHeap }) => liveHeap, 5),
    memory('resident set of the driver', ({ jvmRss }) => jvmRss, 50),
    memory("resident set of the driver's Python", ({ pythonRss }) => pythonRss, 5),
    count('classes in the driver', 'classes', ({ classes }) => classes, 200),
    count('threads of the driver', 'threads', ({ threads }) => threads, 5),
    count('open files of the driver', 'files', ({ descriptors }) => descriptors, 10),
    growth('time of a micro-batch', 'ms', 100, timePoints(durations, warmUp)),
    ...folders.map((folder) =>
      growth(
        `files in ${folder}`,
        'files',
        // Files that are being written come and go.
        1,
        samples.map(({ batch, files }) => ({ batch, value: files.get(folder) ?? 0 })),
      ),
    ),
  ];
}

/** Means of 20 micro-batches each, because single durations vary too much. */
function timePoints(durations: ReadonlyMap<number, number>, warmUp: number): Point[] {
  const groups = new Map<number, number[]>();
  for (const [batch, ms] of durations) {
    if (batch < warmUp) continue;
    const group = Math.floor(batch / 20) * 20;
    groups.set(group, [...(groups.get(group) ?? []), ms]);
  }
  return [...groups]
    .map(([batch, times]) => ({ batch, value: times.reduce((sum, ms) => sum + ms, 0) / times.length }))
    .toSorted((a, b) => a.batch - b.batch);
}

function growth(quantity: string, unit: Growth['unit'], tolerance: number, points: readonly Point[]): Growth {
  const slope = slopeOf(points);
  return { quantity, unit, tolerance, ...slope, flat: slope.per1000 <= tolerance };
}

function describe({ batch, memory, files }: Sample): string {
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
  return (
    `batch ${batch}: live heap ${mib(memory.liveHeap)}, JVM ${mib(memory.jvmRss)}, Python ${mib(memory.pythonRss)}, ` +
    `${memory.classes} classes, ${memory.threads} threads, ${memory.descriptors} open files, ${files.get('_chk') ?? 0} files in _chk`
  );
}
