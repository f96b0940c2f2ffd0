import { z } from 'zod';
import { HIGHEST_FRAUD_RATE } from './faults/fraud-sprees.ts';
import { SCENARIO_NAMES, type ScenarioName } from './faults/scenarios.ts';

/** A negative exponent has two digits: with more of them a rate becomes 0, which means as fast as it can. */
const DECIMAL = /^\d+(\.\d+)?([eE](\+?\d{1,3}|-\d{1,2}))?$/;
const HOST_AND_PORT = /^[A-Za-z0-9._-]+:\d{1,5}$/;
const BURST = /^(\d{1,4}(?:\.\d{1,3})?)x(\d{1,6})\/(\d{1,6})$/;
const DURATION = /^\s*(\d{1,9})\s*(millisecond|second|minute|hour|day)s?\s*$/i;
const UNIT_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

const isHostAndPort = (server: string): boolean => {
  const port = Number(server.slice(server.lastIndexOf(':') + 1));
  return HOST_AND_PORT.test(server) && port >= 1 && port <= 65_535;
};

const share = (most: number) => {
  const allowed = `a share from 0 to ${most}, such as 0.05`;
  return z
    .string()
    .regex(/^\d(\.\d{1,9})?$/, allowed)
    .transform(Number)
    .refine((value) => value <= most, allowed);
};
const rate = (zeroMeans: string) =>
  z
    .string()
    .refine(
      (text) => DECIMAL.test(text) && Number.isFinite(Number(text)),
      `a finite number of records per second, 0 or more (0 = ${zeroMeans})`,
    )
    .transform(Number);

const burst = z.string().transform((text, context) => {
  if (text === 'off') return 'off' as const;
  const [, factor, lastsSeconds, everySeconds] = (BURST.exec(text) ?? []).map(Number);
  const isRight =
    Number(factor) > 1 && Number(lastsSeconds) >= 1 && Number(lastsSeconds) < Number(everySeconds);
  if (isRight)
    return { factor: Number(factor), lastsSeconds: Number(lastsSeconds), everySeconds: Number(everySeconds) };
  context.addIssue(
    'off, or FACTORxSECONDS/PERIOD such as 10x5/60: ten times the rate for 5 of every 60 seconds',
  );
  return z.NEVER;
});

const duration = z.string().transform((text, context) => {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit.toLowerCase()] ?? Number.NaN);
  if (ms > 0) return ms;
  context.addIssue('a count above 0 and a unit, such as "30 seconds" or "5 minutes"');
  return z.NEVER;
});

/** Every setting of the producer but those of security, each with the check of its text; the message is what is allowed. */
export const SETTING_SCHEMAS = {
  KAFKA_BOOTSTRAP_SERVERS: z
    .string()
    .default('localhost:9094')
    .transform((list) => list.split(',').map((server) => server.trim()))
    .refine((servers) => servers.every(isHostAndPort), 'host:port[,host:port…] with ports from 1 to 65535'),
  // The broker's own rule for topic names (org.apache.kafka.common.internals.Topic).
  KAFKA_TOPIC: z
    .string()
    .default('transactions')
    .refine(
      (topic) => /^[A-Za-z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..',
      '1 to 249 of the characters A-Z a-z 0-9 . _ - (and not "." or "..")',
    ),
  MSGS_PER_SEC: z.string().default('5').pipe(rate('as fast as it can')),
  SEED: z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number of at most 15 digits')
    .optional(),
  EVENT_START: z.iso
    .datetime({ offset: true, error: 'an ISO-8601 time with Z or an offset, such as 2026-01-01T00:00:00Z' })
    .transform((text) => Date.parse(text))
    .optional(),
  EVENTS_PER_SEC: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,6})?$/, 'a number above 0 of events in a second of event time')
    .transform(Number)
    .refine((value) => value > 0, 'a number above 0 of events in a second of event time')
    .optional(),
  DAY_NIGHT: z
    .enum(['0', '1'], { error: '0 or 1' })
    .default('0')
    .transform((text) => text === '1'),
  SCENARIO: z
    .string()
    .default('clean')
    .refine(
      (name): name is ScenarioName => SCENARIO_NAMES.some((known) => known === name),
      SCENARIO_NAMES.join(', '),
    ),
  LATE_RATE: share(1).optional(),
  DUPLICATE_RATE: share(1).optional(),
  MALFORMED_RATE: share(1).optional(),
  OUT_OF_ORDER: share(1).optional(),
  BURST: burst.optional(),
  HOT_KEY: share(1).optional(),
  FRAUD_RATE: share(HIGHEST_FRAUD_RATE).optional(),
  MAX_RECORDS: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'a whole number of 1 or more')
    .transform(Number)
    .optional(),
  DURATION: duration.optional(),
  ANSWER_KEY: z.string().optional(),
} as const;

/** The name of a setting of the producer. */
export type ProducerSetting = keyof typeof SETTING_SCHEMAS;
