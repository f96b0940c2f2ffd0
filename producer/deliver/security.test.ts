import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { readSecurity } from './security.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
let folder: string;
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'security-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const USER = { KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD: 'hunter2' };

describe('readSecurity', () => {
  it('connects in the clear when nothing is set', () => {
    expect(readSecurity({ KAFKA_SSL_CA: '' })).toEqual({ ssl: undefined, sasl: undefined });
  });

  it.each([
    [undefined, 'plain'],
    ['PLAIN', 'plain'],
    ['scram-sha-256', 'scram-sha-256'],
    ['SCRAM-SHA-512', 'scram-sha-512'],
  ])('takes the mechanism %s', (KAFKA_SASL_MECHANISM, mechanism) => {
    const environment = { ...USER, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM };
    expect(readSecurity(environment)).toEqual({
      ssl: {},
      sasl: { mechanism, username: 'me', password: 'hunter2' },
    });
  });

  it('reads a password from a file, without the line break at its end, and keeps its spaces', () => {
    const path = file('password', ' two words \n');
    expect(
      readSecurity({
        KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
        KAFKA_SASL_USERNAME: 'me',
        KAFKA_SASL_PASSWORD_FILE: path,
      }),
    ).toEqual({ ssl: undefined, sasl: { mechanism: 'plain', username: 'me', password: ' two words ' } });
  });

  it('reads authority, certificate, key and the key’s password', () => {
    expect(
      readSecurity({
        KAFKA_SECURITY_PROTOCOL: 'SSL',
        KAFKA_SSL_CA: file('ca.pem', PEM),
        KAFKA_SSL_CERT: file('cert.pem', PEM),
        KAFKA_SSL_KEY: file('key.pem', PEM),
        KAFKA_SSL_KEY_PASSWORD: 'hunter2',
      }),
    ).toEqual({ ssl: { ca: PEM, cert: PEM, key: PEM, passphrase: 'hunter2' }, sasl: undefined });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['another protocol', { KAFKA_SECURITY_PROTOCOL: 'TLS' }, /SECURITY_PROTOCOL="TLS".*PLAINTEXT, SSL/],
    ['SASL without its protocol', { ...USER }, /KAFKA_SASL_USERNAME is set and .* is PLAINTEXT/],
    ['TLS without its protocol', { KAFKA_SSL_CA: 'x' }, /KAFKA_SSL_CA is set and .* is PLAINTEXT/],
    [
      'another mechanism',
      { ...USER, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'GSSAPI' },
      /KAFKA_SASL_MECHANISM="GSSAPI" .* PLAIN, SCRAM-SHA-256, SCRAM-SHA-512/,
    ],
    [
      'no user',
      { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_PASSWORD: 'hunter2' },
      /USERNAME is missing/,
    ],
    [
      'no password',
      { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_USERNAME: 'me' },
      /PASSWORD is missing/,
    ],
    [
      'two passwords',
      { ...USER, KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_PASSWORD_FILE: '/x' },
      /are both set/,
    ],
    ['a file that is not there', { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: '/nonexistent' }, /ENOENT/],
    ['half a key pair', { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CERT: 'CERT' }, /belong together/],
    ['what is no PEM', { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: 'JUNK' }, /PEM form/],
  ])('refuses %s, and never names a password', (_, environment, message) => {
    const files: Record<string, string> = { CERT: file('c.pem', PEM), JUNK: file('junk', 'hunter2') };
    const given = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, files[value] ?? value]),
    );
    const refusal = expect(() => readSecurity(given));
    refusal.toThrow(ConfigError);
    expect(() => readSecurity(given)).toThrow(message);
    expect(() => readSecurity(given)).not.toThrow(/hunter2/);
  });
});
