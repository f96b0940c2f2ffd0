import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { ProductError } from '../../../core/product-error.ts';
import { readTrustStore, TRUST_STORE_PASSWORD, trustStore } from './java-trust-store.ts';

/** Where the machine names its own certificate authorities; for Node, OpenSSL and pip, but each is meant for all. */
export const CERTIFICATE_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT'] as const;

/** How tools are made to trust what the machine trusts; empty where nothing is set. */
export interface CertificateAuthorities {
  forPip(): Readonly<Record<string, string>>;
  /** JVM options for the Java below that home; the password guards public certificates only. */
  forJava(javaHome: string): readonly string[];
}

/**
 * Reads the bundles that NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and PIP_CERT name. Their certificates are added to the public
 * ones, since any of the three may hold only a private authority, in files of the cache that are named by their content.
 * @throws ProductError BAD_SETTING when a named file cannot be read or holds no certificate
 */
export function certificateAuthorities(
  environment: Readonly<Record<string, string | undefined>>,
  cacheDir: string,
): CertificateAuthorities {
  const bundles = readBundles(environment);
  if (bundles.length === 0) return { forPip: () => ({}), forJava: () => [] };
  const folder = join(cacheDir, 'trust');
  return {
    forPip() {
      // What is set for pip itself is what pip shall have.
      if (environment['PIP_CERT']) return { PIP_CERT: resolve(environment['PIP_CERT']) };
      const pem = [...rootCertificates, ...bundles].join('\n');
      return { PIP_CERT: kept(folder, 'pem', [pem], () => Buffer.from(pem)) };
    },
    forJava(javaHome) {
      const own = defaultTrustStore(javaHome);
      const file = kept(folder, 'jks', [...bundles, own ?? rootCertificates.join('\n')], () => {
        const defaults = own && readTrustStore(own);
        return trustStore([...(defaults ?? rootCertificates.map(derOf)), ...bundles.flatMap(certificatesOf)]);
      });
      return [
        `-Djavax.net.ssl.trustStore=${file}`,
        '-Djavax.net.ssl.trustStoreType=JKS',
        `-Djavax.net.ssl.trustStorePassword=${TRUST_STORE_PASSWORD}`,
      ];
    },
  };
}

function readBundles(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const contents = new Set<string>();
  for (const name of CERTIFICATE_VARIABLES) {
    const value = environment[name];
    if (value) contents.add(readBundle(name, value));
  }
  return [...contents];
}

/** The text of one bundle file. */
export function readBundle(name: string, path: string): string {
  const refuse = (problem: string, cause?: unknown) =>
    new ProductError('BAD_SETTING', {
      message: `${name}=${path} ${problem}.`,
      hint: `Let ${name} name a file of PEM certificates, or unset it.`,
      cause,
    });
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`, error);
  }
  if (!PEM.test(content)) throw refuse('holds no certificate');
  return content;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;

function certificatesOf(bundle: string): Buffer[] {
  return [...bundle.matchAll(new RegExp(PEM, 'g'))].map(([pem]) => derOf(pem));
}

const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;

/** The Java installation's own trusted certificates, in the order in which JSSE looks for them. Source: JSSE Reference Guide. */
function defaultTrustStore(javaHome: string): Buffer | undefined {
  const file = ['lib', 'jre/lib']
    .flatMap((lib) => ['jssecacerts', 'cacerts'].map((name) => join(javaHome, lib, 'security', name)))
    .find(existsSync);
  return file === undefined ? undefined : readFileSync(file);
}

/** A file of the cache whose name follows from what it was made of; made when it is not there. */
function kept(
  folder: string,
  extension: string,
  sources: readonly (string | Buffer)[],
  make: () => Buffer,
): string {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(source).update('\0');
  const file = join(folder, `${hash.digest('hex').slice(0, 32)}.${extension}`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, make());
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
