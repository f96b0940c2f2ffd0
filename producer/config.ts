import type { z } from 'zod';
import { ConfigError } from './config-error.ts';
import type { FaultPlan } from './faults/fault-plan.ts';
import { SCENARIOS } from './faults/scenarios.ts';
import { type KafkaSecurity, readSecurity } from './security.ts';
import { type ProducerSetting, SETTING_SCHEMAS } from './setting-schemas.ts';
import { shownValue } from './shown-value.ts';

/** What the producer is told from outside, parsed once at the start. */
export interface ProducerConfig {
  /** `host:port` of each bootstrap broker, at least one. */
  readonly bootstrapServers: readonly string[];
  readonly topic: string;
  readonly security: KafkaSecurity;
  /** Records per second, finite and not negative; 0 means as fast as the broker takes them. */
  readonly recordsPerSecond: number;
  /** Everything that is drawn follows from it; undefined for a new one in every run. */
  readonly seed: string | undefined;
  readonly eventTime: EventTimeConfig;
  readonly hasDayAndNight: boolean;
  readonly plan: FaultPlan;
  /** Where the answer key is written; undefined for nowhere. */
  readonly answerKey: string | undefined;
  readonly limits: Limits;
}

/** Where event times come from. */
export type EventTimeConfig =
  | { readonly kind: 'wall' }
  | {
      /** Record n happens n / eventsPerSecond after the start. */
      readonly kind: 'counted';
      /** Milliseconds since the epoch; undefined for the start of the process. */
      readonly startMs: number | undefined;
      readonly eventsPerSecond: number;
    };

/** When the producer has done enough; what is undefined has no limit. */
export interface Limits {
  readonly maxRecords: number | undefined;
  readonly durationMs: number | undefined;
}

const DEFAULT_EVENTS_PER_SECOND = 5;

/** Reads one setting; an empty value counts as not set. */
type Read = <Name extends ProducerSetting>(name: Name) => z.output<(typeof SETTING_SCHEMAS)[Name]>;

/**
 * Reads the producer's settings from an environment; an empty value counts as not set.
 *
 * @throws {ConfigError} for the first setting whose value is not allowed
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ProducerConfig {
  const read: Read = (name) => {
    const value = environment[name]?.trim() || undefined;
    const result = SETTING_SCHEMAS[name].safeParse(value);
    if (result.success) return result.data as z.output<(typeof SETTING_SCHEMAS)[typeof name]>;
    throw new ConfigError(
      `${name}=${shownValue(value)} is not allowed: give ${result.error.issues[0]?.message}`,
    );
  };
  const config = {
    bootstrapServers: read('KAFKA_BOOTSTRAP_SERVERS'),
    topic: read('KAFKA_TOPIC'),
    security: readSecurity(environment),
    recordsPerSecond: read('MSGS_PER_SEC'),
    seed: read('SEED'),
    eventTime: eventTime(read),
    hasDayAndNight: read('DAY_NIGHT'),
    plan: faultPlan(read),
    answerKey: read('ANSWER_KEY'),
    limits: { maxRecords: read('MAX_RECORDS'), durationMs: read('DURATION') },
  };
  refuseBurstWithoutRate(config);
  return config;
}

/** A seed promises the same records, so their times must not be the clock's. */
function eventTime(read: Read): EventTimeConfig {
  const startMs = read('EVENT_START');
  const eventsPerSecond = read('EVENTS_PER_SEC');
  const isCounted = [read('SEED'), startMs, eventsPerSecond].some((value) => value !== undefined);
  if (!isCounted) return { kind: 'wall' };
  return { kind: 'counted', startMs, eventsPerSecond: eventsPerSecond ?? DEFAULT_EVENTS_PER_SECOND };
}

function faultPlan(read: Read): FaultPlan {
  const scenario: FaultPlan = SCENARIOS[read('SCENARIO')];
  const burst = read('BURST');
  const plan: FaultPlan = {
    lateRate: read('LATE_RATE') ?? scenario.lateRate,
    duplicateRate: read('DUPLICATE_RATE') ?? scenario.duplicateRate,
    malformedRate: read('MALFORMED_RATE') ?? scenario.malformedRate,
    outOfOrderRate: read('OUT_OF_ORDER') ?? scenario.outOfOrderRate,
    fraudRate: read('FRAUD_RATE') ?? scenario.fraudRate,
    hotKeyRate: read('HOT_KEY') ?? scenario.hotKeyRate,
    burst: burst === 'off' ? undefined : (burst ?? scenario.burst),
  };
  const sum = plan.lateRate + plan.duplicateRate + plan.malformedRate + plan.outOfOrderRate;
  // Rates such as 0.1 are no exact numbers.
  if (sum <= 1 + 1e-9) return plan;
  throw new ConfigError(
    `LATE_RATE, DUPLICATE_RATE, MALFORMED_RATE and OUT_OF_ORDER add up to ${Number(sum.toFixed(9))}, which is not allowed: a record has one of these faults, give rates that add up to 1 at most`,
  );
}

function refuseBurstWithoutRate({ plan, recordsPerSecond, eventTime: time }: ProducerConfig): void {
  if (!plan.burst || recordsPerSecond > 0 || time.kind === 'counted') return;
  throw new ConfigError(
    'BURST multiplies a rate, which MSGS_PER_SEC="0" does not have: give MSGS_PER_SEC a rate, or let EVENTS_PER_SEC space the events',
  );
}
