import { z } from 'zod';

/** What the producer is told from outside, parsed once at the start. */
export interface ProducerConfig {
  /** `host:port` of each bootstrap broker, at least one. */
  readonly bootstrapServers: readonly string[];
  readonly topic: string;
  /** Records per second, finite and not negative; 0 means as fast as the broker takes them. */
  readonly recordsPerSecond: number;
}

/** A setting that is refused. The message is one sentence: setting, value, what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const DECIMAL = /^\d+(\.\d+)?([eE][+-]?\d+)?$/;
const HOST_AND_PORT = /^[A-Za-z0-9._-]+:\d{1,5}$/;

const isHostAndPort = (server: string): boolean => {
  const port = Number(server.slice(server.lastIndexOf(':') + 1));
  return HOST_AND_PORT.test(server) && port >= 1 && port <= 65_535;
};

const settings = {
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
  MSGS_PER_SEC: z
    .string()
    .default('5')
    .refine(
      (text) => DECIMAL.test(text) && Number.isFinite(Number(text)),
      'a finite number of records per second, 0 or more (0 = as fast as it can)',
    )
    .transform(Number),
};

/**
 * Reads the producer's settings from an environment; an empty value counts as not set.
 *
 * @throws {ConfigError} for the first setting whose value is not allowed
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ProducerConfig {
  const read = <T>(name: keyof typeof settings, schema: z.ZodType<T>): T => {
    const value = environment[name]?.trim() || undefined;
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    throw new ConfigError(
      `${name}=${JSON.stringify(value)} is not allowed: give ${result.error.issues[0]?.message}`,
    );
  };
  return {
    bootstrapServers: read('KAFKA_BOOTSTRAP_SERVERS', settings.KAFKA_BOOTSTRAP_SERVERS),
    topic: read('KAFKA_TOPIC', settings.KAFKA_TOPIC),
    recordsPerSecond: read('MSGS_PER_SEC', settings.MSGS_PER_SEC),
  };
}
