import { readFileSync } from 'node:fs';
import type { SASLOptions } from 'kafkajs';
import { z } from 'zod';
import { ConfigError, shownValue } from '../errors.ts';

/** How a client authenticates itself and the broker. It holds secrets and must never be printed. */
export interface KafkaSecurity {
  /**
   * Undefined for an unencrypted connection. The texts are PEM. Without `ca`, Node's own
   * authorities are trusted.
   */
  readonly ssl: TlsOptions | undefined;
  readonly sasl: SASLOptions | undefined;
}

/** The used part of Node's TLS options, as PEM. */
interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

/**
 * The settings, named after Kafka's own (`security.protocol`, `sasl.mechanism`, `ssl.…`). Passwords
 * are accepted only from the environment or a file.
 */
const SECURITY_SETTINGS = [
  'KAFKA_SECURITY_PROTOCOL',
  'KAFKA_SASL_MECHANISM',
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
  'KAFKA_SASL_PASSWORD_FILE',
  'KAFKA_SSL_CA',
  'KAFKA_SSL_CERT',
  'KAFKA_SSL_KEY',
  'KAFKA_SSL_KEY_PASSWORD',
  'KAFKA_SSL_KEY_PASSWORD_FILE',
] as const;

type SecuritySetting = (typeof SECURITY_SETTINGS)[number];
type Value = (name: SecuritySetting) => string | undefined;

const protocol = z.enum(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']);
const mechanism = z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']);

/**
 * Reads how to connect, including files. An empty value counts as not set.
 *
 * @throws {ConfigError} naming the setting; values of passwords are left out
 */
export function readSecurity(environment: Readonly<Record<string, string | undefined>>): KafkaSecurity {
  const value: Value = (name) => {
    const text = environment[name];
    // A password may begin or end with a space.
    return (name.endsWith('_PASSWORD') ? text : text?.trim()) || undefined;
  };
  const chosen = choice(protocol, 'KAFKA_SECURITY_PROTOCOL', value) ?? 'PLAINTEXT';
  const isTls = chosen === 'SSL' || chosen === 'SASL_SSL';
  const isSasl = chosen.startsWith('SASL_');
  for (const name of SECURITY_SETTINGS) {
    if (value(name) === undefined || name === 'KAFKA_SECURITY_PROTOCOL') continue;
    if (name.startsWith('KAFKA_SASL_') ? isSasl : isTls) continue;
    throw new ConfigError(
      `${name} is set and KAFKA_SECURITY_PROTOCOL is ${chosen}, which does not use it: give ${
        name.startsWith('KAFKA_SASL_') ? 'SASL_SSL or SASL_PLAINTEXT' : 'SSL or SASL_SSL'
      }`,
    );
  }
  return { ssl: isTls ? tls(value) : undefined, sasl: isSasl ? sasl(value) : undefined };
}

function choice<T extends string>(
  schema: z.ZodEnum<{ [Key in T]: Key }>,
  name: SecuritySetting,
  value: Value,
): T | undefined {
  const text = value(name)?.toUpperCase();
  if (text === undefined) return undefined;
  const result = schema.safeParse(text);
  if (result.success) return result.data as T;
  throw new ConfigError(
    `${name}=${shownValue(value(name))} is not allowed: give one of ${schema.options.join(', ')}`,
  );
}

function sasl(value: Value): SASLOptions {
  const username = value('KAFKA_SASL_USERNAME');
  const password = secret('KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE', value);
  if (username === undefined) throw new ConfigError('KAFKA_SASL_USERNAME is missing: SASL needs a user name');
  if (password === undefined) {
    throw new ConfigError(
      'KAFKA_SASL_PASSWORD is missing: give it in the environment, or a file as KAFKA_SASL_PASSWORD_FILE',
    );
  }
  switch (choice(mechanism, 'KAFKA_SASL_MECHANISM', value) ?? 'PLAIN') {
    case 'PLAIN':
      return { mechanism: 'plain', username, password };
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', username, password };
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', username, password };
  }
}

function tls(value: Value): TlsOptions {
  const ca = pem('KAFKA_SSL_CA', value);
  const cert = pem('KAFKA_SSL_CERT', value);
  const key = pem('KAFKA_SSL_KEY', value);
  const passphrase = secret('KAFKA_SSL_KEY_PASSWORD', 'KAFKA_SSL_KEY_PASSWORD_FILE', value);
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError('KAFKA_SSL_CERT and KAFKA_SSL_KEY belong together: give both or neither');
  }
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

function pem(name: SecuritySetting, value: Value): string | undefined {
  const path = value(name);
  if (path === undefined) return undefined;
  const text = readText(name, path);
  if (text.includes('-----BEGIN ')) return text;
  throw new ConfigError(`${name}=${shownValue(path)} is not allowed: give a file in PEM form`);
}

function secret(name: SecuritySetting, fileName: SecuritySetting, value: Value): string | undefined {
  const path = value(fileName);
  if (path === undefined) return value(name);
  if (value(name) !== undefined)
    throw new ConfigError(`${name} and ${fileName} are both set: give one of them`);
  // Editors end a file with a line break.
  const text = readText(fileName, path).replace(/\r?\n$/, '');
  if (text !== '') return text;
  throw new ConfigError(`${fileName}=${shownValue(path)} is not allowed: give a file that is not empty`);
}

function readText(name: SecuritySetting, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `${name}=${shownValue(path)} is not allowed: give a file that can be read (${(error as NodeJS.ErrnoException).code})`,
      { cause: error },
    );
  }
}
