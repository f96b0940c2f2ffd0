import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

describe('readConfig', () => {
  it('takes the documented defaults when nothing is set, or set to nothing', () => {
    const defaults = { bootstrapServers: ['localhost:9094'], topic: 'transactions', recordsPerSecond: 5 };
    expect(readConfig({})).toEqual(defaults);
    expect(readConfig({ KAFKA_BOOTSTRAP_SERVERS: '', KAFKA_TOPIC: ' ', MSGS_PER_SEC: '' })).toEqual(defaults);
  });

  it('reads a list of brokers, a topic and a rate', () => {
    expect(
      readConfig({
        KAFKA_BOOTSTRAP_SERVERS: 'kafka-1:9092, 10.0.0.7:19092',
        KAFKA_TOPIC: 'card.txn_v2',
        MSGS_PER_SEC: '0.5',
      }),
    ).toEqual({
      bootstrapServers: ['kafka-1:9092', '10.0.0.7:19092'],
      topic: 'card.txn_v2',
      recordsPerSecond: 0.5,
    });
  });

  it.each(['0', '5', '20000', '2e4', '0.1'])('allows MSGS_PER_SEC=%s', (rate) => {
    expect(readConfig({ MSGS_PER_SEC: rate }).recordsPerSecond).toBe(Number(rate));
  });

  it.each(['abc', '-1', 'NaN', 'Infinity', '1e999', '0x10', '5/s', '1,000'])(
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
});
