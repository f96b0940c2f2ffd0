import { X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { beforeEach, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { certificateAuthorities, readTrustStore, trustStore } from './certificates.ts';

let folder: string;
let bundle: string;
beforeEach(() => {
  folder = scratchFolder();
  bundle = join(folder, 'bundle.pem');
  writeFileSync(bundle, `# ours\n${rootCertificates[7]}\n`);
});

const authority = new X509Certificate(rootCertificates[7] ?? '').raw;
const storeOf = (options: readonly string[]) =>
  readTrustStore(readFileSync(options[0]?.replace('-Djavax.net.ssl.trustStore=', '') ?? ''));

test('nothing is changed where nothing is set', () => {
  const authorities = certificateAuthorities({ SSL_CERT_FILE: '' }, folder);
  expect(authorities.forPip()).toEqual({});
  expect(authorities.forJava('/java')).toEqual([]);
});

test.each(['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT'])('%s is trusted by pip and Java', (name) => {
  const authorities = certificateAuthorities({ [name]: bundle }, folder);
  expect(readFileSync(authorities.forPip()['PIP_CERT'] ?? '', 'utf8')).toContain(rootCertificates[7]);
  expect(storeOf(authorities.forJava('/java'))).toContainEqual(authority);
});

test("Java's own certificates stay trusted, in a file that is made once for each content", () => {
  const java = join(folder, 'java');
  const own = new X509Certificate(rootCertificates[3] ?? '').raw;
  mkdirSync(join(java, 'lib', 'security'), { recursive: true });
  writeFileSync(join(java, 'lib', 'security', 'cacerts'), trustStore([own]));
  const options = () => certificateAuthorities({ SSL_CERT_FILE: bundle }, folder).forJava(java);
  expect(storeOf(options())).toEqual([own, authority]);
  expect(options()).toEqual(options());
  writeFileSync(bundle, rootCertificates[8] ?? '');
  expect(storeOf(options())).toHaveLength(2);
  expect(readdirSync(join(folder, 'trust'))).toHaveLength(2);
});

test('where Java keeps its own in another format, the public ones stand in for them', () => {
  const java = join(folder, 'java');
  mkdirSync(join(java, 'lib', 'security'), { recursive: true });
  writeFileSync(join(java, 'lib', 'security', 'cacerts'), Buffer.from('3082068b02010330820644', 'hex'));
  const options = certificateAuthorities({ SSL_CERT_FILE: bundle }, folder).forJava(java);
  expect(storeOf(options)).toHaveLength(new Set(rootCertificates).size);
});

test('a missing file and one without a certificate are refused by name', () => {
  const missing = join(folder, 'none.pem');
  expect(() => certificateAuthorities({ PIP_CERT: missing }, folder)).toThrow(
    `PIP_CERT=${missing} does not exist.`,
  );
  writeFileSync(bundle, '-----BEGIN PUBLIC KEY-----\n');
  expect(() => certificateAuthorities({ SSL_CERT_FILE: bundle }, folder)).toThrow(
    `SSL_CERT_FILE=${bundle} holds no certificate.`,
  );
});
