import { describe, expect, it } from 'vitest';
import { rowsOf } from '../orchestrator/settings/setting-table.ts';
import { readConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { NO_FAULTS, SCENARIOS } from './faults/record-stream.ts';

describe('readConfig', () => {
  it('takes the documented defaults when nothing is set, or set to nothing', () => {
    const defaults = {
      bootstrapServers: ['localhost:9094'],
      topic: undefined,
      pipeline: 'transactions',
      security: { ssl: undefined, sasl: undefined },
      recordsPerSecond: 5,
      seed: undefined,
      eventTime: { kind: 'wall' },
      hasDayAndNight: false,
      plan: NO_FAULTS,
      answerKey: undefined,
      limits: { maxRecords: undefined, durationMs: undefined },
    };
    expect(readConfig({})).toEqual(defaults);
    const empty = Object.fromEntries(rowsOf('producer').map(([name]) => [name, ' ']));
    expect(readConfig(empty)).toEqual(defaults);
  });

  it('reads a list of brokers, a topic and a rate', () => {
    expect(
      readConfig({
        KAFKA_BOOTSTRAP_SERVERS: 'kafka-1:9092, 10.0.0.7:19092',
        KAFKA_TOPIC: 'card.txn_v2',
        MSGS_PER_SEC: '0.5',
      }),
    ).toMatchObject({
      bootstrapServers: ['kafka-1:9092', '10.0.0.7:19092'],
      topic: 'card.txn_v2',
      recordsPerSecond: 0.5,
    });
  });

  it.each(['0', '5', '20000', '2e4', '0.1'])('allows MSGS_PER_SEC=%s', (rate) => {
    expect(readConfig({ MSGS_PER_SEC: rate }).recordsPerSecond).toBe(Number(rate));
  });

  it.each(['1e-400', 'abc', '-1', 'NaN', 'Infinity', '1e999', '0x10', '5/s', '1,000'])(
    'refuses MSGS_PER_SEC=%s',
    (rate) => {
      expect(() => readConfig({ MSGS_PER_SEC: rate })).toThrow(
        new ConfigError(
          `MSGS_PER_SEC="${rate}" is not allowed: give a finite number of records per second, 0 or more (0 = as fast as it can)`,
        ),
      );
    },
  );

  it.each(['bad topic', '.', '..', 'a/b', 'x'.repeat(250)])('refuses KAFKA_TOPIC=%s', (topic) => {
    expect(() => readConfig({ KAFKA_TOPIC: topic })).toThrow(
      /^KAFKA_TOPIC=".*" is not allowed: give 1 to 249 /,
    );
  });

  it.each([
    'localhost',
    'localhost:',
    ':9092',
    'localhost:0',
    'localhost:65536',
    'a:1,,b:2',
    'kafka://a:1',
    '[::1]:9092',
  ])('refuses KAFKA_BOOTSTRAP_SERVERS=%s', (servers) => {
    expect(() => readConfig({ KAFKA_BOOTSTRAP_SERVERS: servers })).toThrow(
      /^KAFKA_BOOTSTRAP_SERVERS=".*" is not allowed: give host:port/,
    );
  });

  it('counts event time once a seed, a start or a rate of events is given', () => {
    const startMs = Date.UTC(2026, 0, 1, 0, 0, 0);
    const start = '2026-01-01T01:00:00+01:00';
    const counted = { kind: 'counted', startMs: undefined, eventsPerSecond: 5 };
    expect(readConfig({ SEED: '7' })).toMatchObject({ seed: '7', eventTime: counted });
    expect(readConfig({ EVENT_START: start }).eventTime).toEqual({ ...counted, startMs });
    expect(readConfig({ EVENTS_PER_SEC: '0.5' }).eventTime).toEqual({ ...counted, eventsPerSecond: 0.5 });
  });

  it('takes the faults of the scenario, and each that is set explicitly instead', () => {
    expect(readConfig({ SCENARIO: 'messy' }).plan).toEqual(SCENARIOS.messy);
    expect(readConfig({ SCENARIO: 'messy', LATE_RATE: '0', MALFORMED_RATE: '0.5' }).plan).toEqual({
      ...SCENARIOS.messy,
      lateRate: 0,
      malformedRate: 0.5,
    });
    expect(readConfig({ SCENARIO: 'burst', BURST: 'off' }).plan).toEqual(NO_FAULTS);
    expect(readConfig({ BURST: '2.5x1/3' }).plan.burst).toEqual({
      factor: 2.5,
      lastsSeconds: 1,
      everySeconds: 3,
    });
  });

  it('reads limits', () => {
    expect(readConfig({ MAX_RECORDS: '1000000', DURATION: '5 minutes' }).limits).toEqual({
      maxRecords: 1_000_000,
      durationMs: 300_000,
    });
  });

  it.each([
    ['SEED', '-1'],
    ['SEED', 'abc'],
    ['EVENT_START', '2026-01-01T00:00:00'],
    ['EVENT_START', 'yesterday'],
    ['EVENTS_PER_SEC', '0'],
    ['DAY_NIGHT', 'yes'],
    ['SCENARIO', 'chaos'],
    ['LATE_RATE', '1.1'],
    ['LATE_RATE', '5%'],
    ['DUPLICATE_RATE', '-0.1'],
    ['MALFORMED_RATE', '1e-3'],
    ['HOT_KEY', 'card_00001'],
    ['FRAUD_RATE', '0.3'],
    ['BURST', '10'],
    ['BURST', '1x5/60'],
    ['BURST', '10x60/60'],
    ['MAX_RECORDS', '0'],
    ['DURATION', '5'],
    ['DURATION', '0 seconds'],
  ])('refuses %s=%s, saying what is allowed', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(
      new RegExp(`^${name}="${value}" is not allowed: give .{4,}`),
    );
    expect(() => readConfig({ [name]: value })).not.toThrow(/invalid/i);
  });

  it('refuses faults that add up to more than every record', () => {
    expect(() => readConfig({ LATE_RATE: '0.7', MALFORMED_RATE: '0.4' })).toThrow(/add up to 1\.1/);
    expect(() => readConfig({ LATE_RATE: '0.7', MALFORMED_RATE: '0.2', OUT_OF_ORDER: '0.1' })).not.toThrow();
  });

  it('refuses bursts of no rate', () => {
    expect(() => readConfig({ SCENARIO: 'burst', MSGS_PER_SEC: '0' })).toThrow(ConfigError);
    expect(() => readConfig({ SCENARIO: 'burst', MSGS_PER_SEC: '0', SEED: '1' })).not.toThrow();
  });
});
