import { allowedText, durationMs, readValue, withoutBlanks } from '../orchestrator/settings/setting-kinds.ts';
import type { SettingRows } from '../orchestrator/settings/setting-row.ts';
import {
  rowsOf,
  SETTING_TABLE,
  type SettingNameOf,
  type SettingValues,
} from '../orchestrator/settings/setting-table.ts';
import { type KafkaSecurity, readSecurity } from './deliver/security.ts';
import { ConfigError, shownValue } from './errors.ts';
import { type FaultPlan, SCENARIOS } from './faults/record-stream.ts';
import type { BurstShape } from './generate/event-clock.ts';

/** The producer's configuration, parsed once at the start. */
export interface ProducerConfig {
  /** `host:port` of each bootstrap broker, at least one. */
  readonly bootstrapServers: readonly string[];
  /** Undefined for the pipeline's topic. */
  readonly topic: string | undefined;
  /** PIPELINE: a name or a folder. */
  readonly pipeline: string;
  readonly security: KafkaSecurity;
  /** Records per second, finite and not negative; 0 means as fast as the broker takes them. */
  readonly recordsPerSecond: number;
  /** The source of everything random. Undefined for a new seed in every run. */
  readonly seed: string | undefined;
  readonly eventTime: EventTimeConfig;
  readonly hasDayAndNight: boolean;
  readonly plan: FaultPlan;
  /** The file of the answer key. Undefined for none. */
  readonly answerKey: string | undefined;
  readonly limits: Limits;
}

/** Where event times come from. */
type EventTimeConfig =
  | { readonly kind: 'wall' }
  | {
      /** Record n happens n / eventsPerSecond after the start. */
      readonly kind: 'counted';
      /** Milliseconds since the epoch; undefined for the start of the process. */
      readonly startMs: number | undefined;
      readonly eventsPerSecond: number;
    };

/** When the producer stops. An undefined limit does not apply. */
export interface Limits {
  readonly maxRecords: number | undefined;
  readonly durationMs: number | undefined;
}

const DEFAULT_EVENTS_PER_SECOND = 5;

/**
 * Reads the producer's settings from an environment; an empty value counts as not set.
 *
 * @throws {ConfigError} for the first setting whose value is not allowed
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ProducerConfig {
  const settings = readSettings(environment);
  const config = {
    bootstrapServers: bootstrapServers(settings),
    topic: settings.KAFKA_TOPIC,
    pipeline: settings.PIPELINE,
    security: readSecurity(environment),
    recordsPerSecond: settings.MSGS_PER_SEC,
    seed: settings.SEED,
    eventTime: eventTime(settings),
    hasDayAndNight: settings.DAY_NIGHT === '1',
    plan: faultPlan(settings),
    answerKey: settings.ANSWER_KEY,
    limits: {
      maxRecords: settings.MAX_RECORDS,
      durationMs: settings.DURATION === undefined ? undefined : durationMs(settings.DURATION),
    },
  };
  refuseBurstWithoutRate(config);
  return config;
}

/** kafkajs splits at the first colon. */
function bootstrapServers({ KAFKA_BOOTSTRAP_SERVERS }: ProducerSettings): readonly string[] {
  const { takes } = SETTING_TABLE.KAFKA_BOOTSTRAP_SERVERS;
  if (!KAFKA_BOOTSTRAP_SERVERS.includes('[')) return KAFKA_BOOTSTRAP_SERVERS.split(',');
  throw refusal(
    'KAFKA_BOOTSTRAP_SERVERS',
    KAFKA_BOOTSTRAP_SERVERS,
    `${allowedText(takes)}, and no IPv6 address, which the producer's Kafka client does not take`,
  );
}

/** A seed promises the same records, so their times must not come from the clock. */
function eventTime({ SEED, EVENT_START, EVENTS_PER_SEC }: ProducerSettings): EventTimeConfig {
  const isCounted = [SEED, EVENT_START, EVENTS_PER_SEC].some((value) => value !== undefined);
  if (!isCounted) return { kind: 'wall' };
  const startMs = EVENT_START === undefined ? undefined : Date.parse(EVENT_START);
  return { kind: 'counted', startMs, eventsPerSecond: EVENTS_PER_SEC ?? DEFAULT_EVENTS_PER_SECOND };
}

function faultPlan(settings: ProducerSettings): FaultPlan {
  const scenario: FaultPlan = SCENARIOS[settings.SCENARIO];
  const plan: FaultPlan = {
    lateRate: settings.LATE_RATE ?? scenario.lateRate,
    duplicateRate: settings.DUPLICATE_RATE ?? scenario.duplicateRate,
    malformedRate: settings.MALFORMED_RATE ?? scenario.malformedRate,
    outOfOrderRate: settings.OUT_OF_ORDER ?? scenario.outOfOrderRate,
    fraudRate: settings.FRAUD_RATE ?? scenario.fraudRate,
    hotKeyRate: settings.HOT_KEY ?? scenario.hotKeyRate,
    burst: settings.BURST === undefined ? scenario.burst : burstShape(settings.BURST),
  };
  const sum = plan.lateRate + plan.duplicateRate + plan.malformedRate + plan.outOfOrderRate;
  // Rates such as 0.1 are not exact in binary.
  if (sum <= 1 + 1e-9) return plan;
  throw new ConfigError(
    `LATE_RATE, DUPLICATE_RATE, MALFORMED_RATE and OUT_OF_ORDER add up to ${Number(sum.toFixed(9))}, which is not allowed: a record has one of these faults, give rates that add up to 1 at most`,
  );
}

/** FACTORxSECONDS/PERIOD. A burst must have a factor above 1 and end before the next. */
function burstShape(burst: string): BurstShape | undefined {
  if (burst === 'off') return undefined;
  const [factor = 0, lastsSeconds = 0, everySeconds = 0] = burst.split(/[x/]/).map(Number);
  if (factor > 1 && lastsSeconds >= 1 && lastsSeconds < everySeconds) {
    return { factor, lastsSeconds, everySeconds };
  }
  throw refusal('BURST', burst, allowedText(SETTING_TABLE.BURST.takes));
}

function refuseBurstWithoutRate({ plan, recordsPerSecond, eventTime: time }: ProducerConfig): void {
  if (!plan.burst || recordsPerSecond > 0 || time.kind === 'counted') return;
  throw new ConfigError(
    'BURST multiplies a rate, which MSGS_PER_SEC="0" does not have: give MSGS_PER_SEC a rate, or let EVENTS_PER_SEC space the events',
  );
}

/** The name of a setting of the producer. Those of security are in `security.ts`. */
export type ProducerSetting = SettingNameOf<'producer'>;

/** The values of all settings of the producer. */
export type ProducerSettings = SettingValues<ProducerSetting>;

/**
 * Reads every setting of the producer from an environment; an empty value counts as not set.
 *
 * @throws {ConfigError} for the first setting whose value is not allowed
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  table: SettingRows = SETTING_TABLE,
): ProducerSettings {
  const read = rowsOf('producer', table).map(([name, { takes, default: byDefault }]) => {
    const given = withoutBlanks(environment[name] ?? '') || byDefault;
    if (given === undefined) return [name, undefined];
    const reading = readValue(takes, given);
    if ('value' in reading) return [name, reading.value];
    throw refusal(name, given, reading.allowed);
  });
  return Object.fromEntries(read);
}

/** The error for a setting's value. */
function refusal(name: string, given: string, allowed: string): ConfigError {
  return new ConfigError(`${name}=${shownValue(given)} is not allowed: give ${allowed}`);
}
