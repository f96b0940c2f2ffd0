import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { readTrustStore, TRUST_STORE_PASSWORD, trustStore } from './certificates.ts';
import { executableOnPath } from './install-advice.ts';

const certificates = rootCertificates.slice(0, 5).map((pem) => new X509Certificate(pem).raw);
const keytool = executableOnPath('keytool', process.env);

test('a trust store holds each certificate once and can be read back', () => {
  const store = trustStore([...certificates, ...certificates]);
  expect(readTrustStore(store)).toEqual(certificates);
});

test('another format is recognized', () => {
  expect(readTrustStore(Buffer.from('3082068b02010330820644', 'hex'))).toBeUndefined();
  expect(readTrustStore(Buffer.alloc(0))).toBeUndefined();
});

test.runIf(keytool)("Java's own tool finds the store genuine and the certificates in it", () => {
  const file = join(scratchFolder(), 'trust.jks');
  writeFileSync(file, trustStore(certificates));
  const args = ['-list', '-keystore', file, '-storetype', 'JKS', '-storepass', TRUST_STORE_PASSWORD];
  const listing = execFileSync(keytool ?? '', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  expect(listing.match(/trustedCertEntry/g)).toHaveLength(certificates.length);
  const expected = new X509Certificate(certificates[0] ?? '').fingerprint256;
  expect(listing).toContain(expected);
});

test.runIf(keytool)(
  'a store that Java made, with a private key next to the certificates, can be read',
  () => {
    const folder = scratchFolder();
    const file = join(folder, 'made.jks');
    const pem = join(folder, 'root.pem');
    writeFileSync(pem, rootCertificates[0] ?? '');
    const common = ['-keystore', file, '-storetype', 'JKS', '-storepass', TRUST_STORE_PASSWORD];
    const run = (...args: string[]) => execFileSync(keytool ?? '', [...args, ...common], { stdio: 'ignore' });
    run(
      '-genkeypair',
      '-alias',
      'own',
      '-keyalg',
      'EC',
      '-dname',
      'CN=own',
      '-keypass',
      TRUST_STORE_PASSWORD,
    );
    run('-importcert', '-noprompt', '-alias', 'root', '-file', pem);
    expect(readTrustStore(readFileSync(file))).toEqual([new X509Certificate(rootCertificates[0] ?? '').raw]);
  },
);
