import type { Pipeline } from '../orchestrator/pipeline/model.ts';
import type { ProducerConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { contractEvents, pipelineEvents, sampleEvents } from './events/pipeline-events.ts';
import { hasSample } from './events/sample-events.ts';
import { createRecordStream, type FaultPlan } from './faults/record-stream.ts';
import {
  burstProfile,
  countedClock,
  type EventClock,
  type LoadProfile,
  STEADY,
  wallClock,
} from './generate/event-clock.ts';
import type { OpenEventSource, RecordSource } from './generate/event-source.ts';
import { seedFromSystem } from './generate/random.ts';
import { transactionEvents } from './generate/transaction-events.ts';
import { readPipeline } from './read-pipeline.ts';

/** What is sent: the events of the pipeline, and the faults in them. */
export interface ConfiguredEvents {
  readonly pipeline: Pipeline;
  readonly topic: string;
  readonly plan: FaultPlan;
  /** A sentence for the user, if there is one. */
  readonly note: string | undefined;
  readonly open: OpenEventSource;
}

/**
 * Reads the pipeline and prepares its events.
 *
 * @param nowMs the start of events where no other is set, milliseconds since the epoch
 * @throws {ConfigError} when there is no such pipeline, a setting does not suit it, or it would refuse
 * the events
 */
export function readEvents(config: ProducerConfig, nowMs: number): ConfiguredEvents {
  const { pipeline, folder } = readPipeline(config.pipeline);
  const strategy = pipeline.generate?.strategy ?? (hasSample(folder) ? 'sample' : 'contract');
  const { hasDayAndNight, plan } = config;
  const of = { pipeline, topic: config.topic ?? pipeline.source.topic };
  if (strategy === 'transactions') {
    return { ...of, plan, note: undefined, open: transactionEvents({ hasDayAndNight }) };
  }
  refuseForTransactionsOnly(config, pipeline);
  const startMs = config.eventTime.kind === 'counted' ? (config.eventTime.startMs ?? nowMs) : nowMs;
  const sample = strategy === 'sample' ? sampleEvents(folder, pipeline, nowMs) : undefined;
  return {
    ...of,
    plan: pipeline.source.key === null ? { ...plan, hotKeyRate: 0 } : plan,
    note: sample?.note,
    open: pipelineEvents(pipeline, sample?.open ?? contractEvents(pipeline), startMs),
  };
}

/** Only card transactions have frauds and places. */
function refuseForTransactionsOnly({ plan, hasDayAndNight }: ProducerConfig, { name }: Pipeline): void {
  const given =
    plan.fraudRate > 0 ? 'FRAUD_RATE (or SCENARIO=fraud)' : hasDayAndNight ? 'DAY_NIGHT' : undefined;
  if (given === undefined) return;
  throw new ConfigError(
    `${given} is about card transactions, which the events of PIPELINE=${name} are not: leave it out, or choose the pipeline transactions`,
  );
}

/** Records and their distribution over time, as configured. */
export interface ConfiguredStream {
  readonly source: RecordSource;
  readonly profile: LoadProfile;
}

/** @param nowMs the start of events where no other is set, milliseconds since the epoch */
export function configuredStream(
  config: ProducerConfig,
  { open, plan }: Pick<ConfiguredEvents, 'open' | 'plan'>,
  nowMs: number,
): ConfiguredStream {
  const { eventTime, recordsPerSecond, seed = seedFromSystem() } = config;
  const unitsPerSecond = eventTime.kind === 'counted' ? eventTime.eventsPerSecond : recordsPerSecond;
  const profile = plan.burst ? burstProfile(plan.burst, unitsPerSecond) : STEADY;
  const clock: EventClock =
    eventTime.kind === 'counted'
      ? countedClock(eventTime.startMs ?? nowMs, eventTime.eventsPerSecond, profile)
      : wallClock(recordsPerSecond);
  return { source: createRecordStream({ open, seed, clock, profile, plan }), profile };
}
