import { messageOf } from '../orchestrator/util/product-error.ts';
import type { DashboardConfig } from './config.ts';
import type { HistoryFile } from './history-file.ts';
import { BatchLog } from './model/batch-log.ts';
import { happenings, KEPT_HAPPENINGS } from './model/happenings.ts';
import { type Notice, verifiedHappening } from './model/notice.ts';
import { Rate } from './model/rate.ts';
import { type Observed, outputState, sampleOf, topicState } from './model/sections.ts';
import { Series } from './model/series.ts';
import type { Happening, Sections, ServiceState, Snapshot, SourceState } from './model/snapshot.ts';
import type { OutputsFound } from './sources/output-source.ts';
import type { NewProgress } from './sources/progress-source.ts';
import type { TopicFacts } from './sources/service-probe.ts';
import type { SparkApplication } from './sources/spark-source.ts';
import type { PartitionRange } from './sources/topic-source.ts';
import { type ReadState, WatchedRead } from './sources/watched-read.ts';
import type { Verification } from './verification.ts';

/** How each source is read. Tests give fakes. */
export interface Sources {
  topic(): Promise<readonly PartitionRange[]>;
  outputs(): Promise<OutputsFound>;
  progress(): Promise<NewProgress>;
  services(topic: TopicFacts): Promise<readonly ServiceState[]>;
  spark(): Promise<SparkApplication>;
}

/** Where changes go. */
interface ChangeSink {
  /** The id of the newest change. */
  readonly lastId: string;
  readonly clients: number;
  change(json: string): void;
}

/** What the observer works with. */
interface Parts {
  readonly history: HistoryFile;
  readonly sink: ChangeSink;
  readonly verification: Pick<Verification, 'state' | 'take' | 'restore' | 'onEnd'>;
}

/** How often the sources are read. */
const EVERY_MS = { fast: 900, services: 5000, spark: 10_000 } as const;

/** A source that has not answered for this long is shown as failed. */
const PATIENCE_MS = 3000;

/** How long one observation waits for its reads. */
const LOOK_MS = 700;

/**
 * Between two observations, and while no page is open. A commit is shown within two seconds; each
 * observation costs the dashboard and every browser that draws it, so it is made no more often.
 */
const PAUSE_MS = { watched: 1300, alone: 2000 } as const;

const SAVE_EVERY_MS = 15_000;

const RATE_WINDOW_MS = 10_000;

/**
 * Observes the stack: reads the sources, keeps what the page shows, and publishes each change. One
 * source that fails or hangs leaves the others as they are.
 */
export class StackObserver {
  readonly #config: DashboardConfig;
  readonly #history: HistoryFile;
  readonly #sink: ChangeSink;
  readonly #verification: Pick<Verification, 'state' | 'take' | 'restore' | 'onEnd'>;
  readonly #topic: WatchedRead<readonly PartitionRange[]>;
  readonly #outputs: WatchedRead<OutputsFound>;
  readonly #progress: WatchedRead<NewProgress>;
  readonly #services: WatchedRead<readonly ServiceState[]>;
  readonly #spark: WatchedRead<SparkApplication>;
  readonly #batches = new BatchLog();
  readonly #series = new Series();
  readonly #inRate = new Rate(RATE_WINDOW_MS);
  /** The sum of the end offsets, and when it has last grown. */
  #ends: { readonly sum: number; readonly grownAtMs: number | undefined } | undefined;
  #readTopicAtMs: number | undefined;
  #everReadTopic = false;
  #events: readonly Happening[];
  #sections: Sections;
  /** The JSON of each section as it was last published. */
  readonly #published = new Map<string, string>();
  #savedAtMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(config: DashboardConfig, sources: Sources, { history, sink, verification }: Parts) {
    this.#config = config;
    this.#history = history;
    this.#sink = sink;
    this.#verification = verification;
    verification.onEnd = (verified) => this.#happened(verifiedHappening(verified));
    this.#topic = new WatchedRead(() => sources.topic(), EVERY_MS.fast, PATIENCE_MS);
    this.#outputs = new WatchedRead(() => sources.outputs(), EVERY_MS.fast, PATIENCE_MS);
    this.#progress = new WatchedRead(() => this.#follow(sources), EVERY_MS.fast, PATIENCE_MS);
    this.#services = new WatchedRead(
      () => sources.services(this.#topicFacts()),
      EVERY_MS.services,
      EVERY_MS.services + PATIENCE_MS,
    );
    this.#spark = new WatchedRead(() => sources.spark(), EVERY_MS.spark, PATIENCE_MS * 2);
    const kept = history.read(config.topic);
    if (kept) this.#series.restore(kept.series, Date.now());
    if (kept) verification.restore(kept.verified);
    const began: Happening = {
      at: new Date().toISOString(),
      kind: 'dashboard',
      text: 'the dashboard was started',
    };
    this.#events = [...(kept?.events ?? []), began].slice(-KEPT_HAPPENINGS);
    this.#sections = this.#compute(Date.now());
  }

  /** Observes until `stop`. */
  start(): void {
    const again = () => {
      this.#running = this.observe().then(() => {
        const pauseMs = this.#sink.clients > 0 ? PAUSE_MS.watched : PAUSE_MS.alone;
        if (this.#timer) this.#timer = setTimeout(again, pauseMs);
      });
    };
    this.#timer = setTimeout(again, 0);
  }

  /** Ends the observation and saves the history. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
    this.#save();
  }

  /** One observation: reads what is due, and publishes what has changed. */
  async observe(): Promise<void> {
    const reads = [this.#topic, this.#outputs, this.#progress, this.#services, this.#spark];
    await Promise.all(reads.map((read) => read.look(LOOK_MS)));
    const nowMs = Date.now();
    this.#takeRate();
    const before = this.#sections;
    const now = this.#compute(nowMs);
    const at = new Date(nowMs).toISOString();
    const news = before.services.length === 0 ? [] : happenings(before, now, at);
    this.#happened(...news);
    this.#sections = { ...now, events: this.#events };
    const sample = sampleOf(this.#sections, nowMs);
    this.#series.add(nowMs, sample);
    this.#publish(at, JSON.stringify(sample));
    if (performance.now() - this.#savedAtMs >= SAVE_EVERY_MS) this.#save();
  }

  /** Takes what a command tells. */
  take(notice: Notice): void {
    const at = new Date().toISOString();
    if (notice.kind === 'verify') {
      this.#verification.take({ at, by: 'command', outcome: notice.outcome, error: null });
    } else {
      this.#happened({ at, ...notice });
    }
  }

  snapshot(): Snapshot {
    return {
      at: new Date().toISOString(),
      eventId: this.#sink.lastId,
      ...this.#sections,
      series: this.#series.documents(),
    };
  }

  /** They are published with the next observation. */
  #happened(...news: readonly Happening[]): void {
    this.#events = [...this.#events, ...news].slice(-KEPT_HAPPENINGS);
  }

  async #follow(sources: Sources): Promise<NewProgress> {
    const found = await sources.progress();
    if (found.isFresh) this.#batches.clear();
    for (const batch of found.batches) this.#batches.add(batch);
    return found;
  }

  /** Adds the newest offsets to the rate, once. */
  #takeRate(): void {
    const { value, atMs } = this.#topic.state();
    if (value === undefined || atMs === undefined) {
      this.#inRate.clear();
      return;
    }
    if (atMs === this.#readTopicAtMs) return;
    this.#readTopicAtMs = atMs;
    this.#everReadTopic = true;
    const sum = value.reduce((total, { end }) => total + end, 0);
    const hasGrown = this.#ends !== undefined && sum > this.#ends.sum;
    this.#ends = { sum, grownAtMs: hasGrown ? performance.now() : this.#ends?.grownAtMs };
    this.#inRate.add(atMs, sum);
  }

  #topicFacts(): TopicFacts {
    const { state, detail } = this.#topicSource();
    return {
      problem: state === 'ok' ? undefined : detail,
      hasRecords: (this.#ends?.sum ?? 0) > 0,
      sinceRecordMs:
        this.#ends?.grownAtMs === undefined ? undefined : performance.now() - this.#ends.grownAtMs,
    };
  }

  #topicSource(): SourceState {
    const { value, error } = this.#topic.state();
    const { topic } = this.#config;
    if (value) return { state: 'ok', detail: `${count(value.length, 'partition')} of ${topic}` };
    if (error === undefined) return { state: 'waiting', detail: 'the broker has not answered yet' };
    if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return { state: 'waiting', detail: `the topic ${topic} does not exist yet` };
    }
    return { state: this.#everReadTopic ? 'failed' : 'waiting', detail: messageOf(error) };
  }

  #compute(nowMs: number): Sections {
    const config = this.#config;
    const batches = this.#batches;
    const outputs = this.#outputs.state();
    const services = this.#services.state().value ?? this.#sections?.services ?? [];
    const observed: Observed = {
      pipeline: config.pipeline,
      topic: config.topic,
      ranges: this.#topic.state().value,
      outputs: outputs.value,
      batches,
      inPerSecond: this.#inRate.value(),
      triggers: config.triggers,
      nowMs,
    };
    return {
      runtime: config.runtime,
      ready: services.length > 0 && services.every(({ state }) => state === 'ready' || state === 'completed'),
      pipeline: config.pipeline.name,
      services,
      urls: config.urls,
      stream: batches.stream(),
      sources: {
        topic: this.#topicSource(),
        outputs: sourceState(outputs, ({ committed }) =>
          committed
            ? { state: 'ok', detail: `micro-batch ${committed.batch} is committed` }
            : { state: 'waiting', detail: 'no micro-batch is committed yet' },
        ),
        progress: sourceState(this.#progress.state(), ({ isThere }) =>
          isThere
            ? { state: 'ok', detail: 'the job reports its micro-batches' }
            : { state: 'waiting', detail: 'the job has not reported a micro-batch yet' },
        ),
        spark: sourceState(this.#spark.state(), ({ id, executors, cores }) => ({
          state: executors > 0 ? 'ok' : 'waiting',
          detail: `${id}: ${count(executors, 'executor')}, ${count(cores, 'core')}`,
        })),
      },
      topic: topicState(observed),
      outputs: outputState(observed),
      gold: config.pipeline.gold.map((table) => batches.gold(config.pipeline, table, nowMs)),
      batches: batches.records(),
      triggers: config.triggers,
      rejected: batches.rejected,
      unmet: batches.unmet,
      verify: this.#verification.state,
      events: this.#events,
    };
  }

  /** Sends the sections whose JSON has changed, with the sample for the series. */
  #publish(at: string, sample: string): void {
    const parts = [`"at":${JSON.stringify(at)}`];
    for (const [name, section] of Object.entries(this.#sections)) {
      const json = JSON.stringify(section);
      if (this.#published.get(name) === json) continue;
      this.#published.set(name, json);
      parts.push(`${JSON.stringify(name)}:${json}`);
    }
    this.#sink.change(`{${parts.join(',')},"sample":${sample}}`);
  }

  #save(): void {
    this.#savedAtMs = performance.now();
    try {
      const { topic } = this.#config;
      const verified = this.#verification.state.last;
      this.#history.write({ topic, series: this.#series.documents(), events: this.#events, verified });
    } catch {
      // A full disk. The page still shows everything, and the next save may succeed.
    }
  }
}

function sourceState<T>(read: ReadState<T>, found: (value: T) => SourceState): SourceState {
  if (read.value !== undefined) return found(read.value);
  if (read.error === undefined) return { state: 'waiting', detail: 'not read yet' };
  return { state: 'failed', detail: messageOf(read.error) };
}

const count = (number: number, one: string): string => `${number} ${one}${number === 1 ? '' : 's'}`;
