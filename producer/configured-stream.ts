import type { ProducerConfig } from './config.ts';
import { countedClock, type EventClock, wallClock } from './event-clock.ts';
import { createRecordStream } from './faults/record-stream.ts';
import { burstProfile, type LoadProfile, STEADY } from './load-profile.ts';
import { createPopulation } from './population.ts';
import { seedFromSystem } from './random.ts';
import type { RecordSource } from './record.ts';

/** Records and how they are spread over time, as the settings ask. */
export interface ConfiguredStream {
  readonly source: RecordSource;
  readonly profile: LoadProfile;
}

/** @param nowMs the start of events where no other is set, milliseconds since the epoch */
export function configuredStream(config: ProducerConfig, nowMs: number): ConfiguredStream {
  const { plan, hasDayAndNight, eventTime, recordsPerSecond, seed = seedFromSystem() } = config;
  const unitsPerSecond = eventTime.kind === 'counted' ? eventTime.eventsPerSecond : recordsPerSecond;
  const profile = plan.burst ? burstProfile(plan.burst, unitsPerSecond) : STEADY;
  const clock: EventClock =
    eventTime.kind === 'counted'
      ? countedClock(eventTime.startMs ?? nowMs, eventTime.eventsPerSecond, profile)
      : wallClock(recordsPerSecond);
  const population = createPopulation();
  return { source: createRecordStream({ population, seed, clock, profile, plan, hasDayAndNight }), profile };
}
