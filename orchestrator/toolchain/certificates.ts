import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rootCertificates } from 'node:tls';
import { noProxyOf } from '../util/processes.ts';
import { ProductError } from '../util/product-error.ts';

/**
 * The variables in which a machine names its own certificate authorities. They belong to Node,
 * OpenSSL and pip, but each is meant for all tools.
 */
export const CERTIFICATE_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'PIP_CERT'] as const;

/** How tools are made to trust what the machine trusts; empty where nothing is set. */
export interface CertificateAuthorities {
  forPip(): Readonly<Record<string, string>>;
  /**
   * Returns JVM options for the Java with that home. The password guards public certificates only.
   */
  forJava(javaHome: string): readonly string[];
}

/**
 * Reads the bundles that NODE_EXTRA_CA_CERTS, SSL_CERT_FILE and PIP_CERT name. Adds their
 * certificates to the public ones, since any of the three may hold only a private authority, and
 * writes them to files of the cache that are named by their content.
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
      // A value that is set for pip itself is used for pip unchanged.
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

/** Reads the text of one bundle file. */
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

/**
 * Returns the Java installation's own trusted certificates, in the order in which JSSE searches for
 * them. Source: JSSE Reference Guide.
 */
function defaultTrustStore(javaHome: string): Buffer | undefined {
  const file = ['lib', 'jre/lib']
    .flatMap((lib) => ['jssecacerts', 'cacerts'].map((name) => join(javaHome, lib, 'security', name)))
    .find(existsSync);
  return file === undefined ? undefined : readFileSync(file);
}

/**
 * Returns a file of the cache whose name follows from its inputs, and creates it when it is
 * missing.
 */
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

/**
 * Java's key store format JKS, trusted certificates only. Written here because `keytool` is absent
 * from many runtimes and takes a JVM start per certificate. Source of the format:
 * sun.security.provider.JavaKeyStore in OpenJDK.
 */
const MAGIC = 0xfeedfeed;
const VERSION = 2;
const PRIVATE_KEY = 1;
const TRUSTED_CERTIFICATE = 2;

/**
 * Java's customary password. It protects against accidental damage only, the content being public.
 */
export const TRUST_STORE_PASSWORD = 'changeit';

/** Returns a trust store that holds certificates (DER), each once. */
export function trustStore(certificates: readonly Buffer[]): Buffer {
  const byHash = new Map(
    certificates.map((der) => [createHash('sha256').update(der).digest('hex'), der] as const),
  );
  const entries = [...byHash].flatMap(([hash, der]) => [
    int32(TRUSTED_CERTIFICATE),
    utf(hash),
    // Milliseconds since 1970 of the entry's creation; a constant keeps equal stores equal.
    Buffer.alloc(8),
    utf('X.509'),
    int32(der.length),
    der,
  ]);
  const content = Buffer.concat([int32(MAGIC), int32(VERSION), int32(byHash.size), ...entries]);
  return Buffer.concat([content, digest(content)]);
}

/**
 * Returns the trusted certificates (DER) of a JKS file; undefined when it has another format, as
 * PKCS12 since Java 18.
 */
export function readTrustStore(content: Buffer): Buffer[] | undefined {
  if (content.length < 12 || content.readUInt32BE(0) !== MAGIC) return undefined;
  let offset = 4;
  const readInt = () => {
    offset += 4;
    return content.readUInt32BE(offset - 4);
  };
  const read = (length: number) => {
    offset += length;
    return content.subarray(offset - length, offset);
  };
  const readUtf = () => {
    offset += 2;
    return read(content.readUInt16BE(offset - 2)).toString('latin1');
  };
  const version = readInt();
  const readCertificate = () => {
    // Version 1 knew X.509 only and did not name it.
    if (version === VERSION) readUtf();
    return read(readInt());
  };
  const certificates: Buffer[] = [];
  for (let left = readInt(); left > 0; left--) {
    const tag = readInt();
    readUtf();
    read(8);
    if (tag === TRUSTED_CERTIFICATE) certificates.push(readCertificate());
    else if (tag === PRIVATE_KEY) {
      read(readInt());
      for (let chain = readInt(); chain > 0; chain--) readCertificate();
    } else return undefined;
  }
  return certificates;
}

/** SHA-1 over the password in UTF-16, a fixed phrase and the content. */
function digest(content: Buffer): Buffer {
  const password = Buffer.from(TRUST_STORE_PASSWORD, 'utf16le').swap16();
  return createHash('sha1').update(password).update('Mighty Aphrodite').update(content).digest();
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** java.io.DataOutput's UTF form; only ASCII is written here. */
function utf(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}

/**
 * How long Ivy waits for a server to accept the connection, and between two pieces of an answer.
 */
const CONNECT_TIMEOUT_MS = 15_000;
const READ_TIMEOUT_MS = 60_000;

/**
 * JVM options for downloads: timeouts, which Java does not have by default, and the proxies of
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY, which it does not read. A proxy's password is not passed
 * on: command lines are public on a machine. Source: "Networking Properties" of the Java platform.
 */
export function javaNetworkOptions(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const value = (name: string) => environment[name.toLowerCase()] || environment[name];
  const https = proxyOptions('https', value('HTTPS_PROXY'));
  const http = proxyOptions('http', value('HTTP_PROXY'));
  const direct = noProxyOf(environment);
  return [
    `-Dsun.net.client.defaultConnectTimeout=${CONNECT_TIMEOUT_MS}`,
    `-Dsun.net.client.defaultReadTimeout=${READ_TIMEOUT_MS}`,
    ...https,
    ...http,
    ...(direct && https.length + http.length > 0 ? [`-Dhttp.nonProxyHosts=${nonProxyHosts(direct)}`] : []),
  ];
}

function proxyOptions(scheme: 'http' | 'https', proxy: string | undefined): string[] {
  if (!proxy) return [];
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (!URL.canParse(address)) return [];
  const url = new URL(address);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return [`-D${scheme}.proxyHost=${url.hostname}`, `-D${scheme}.proxyPort=${port}`];
}

/** Java's own default when no hosts are named; named hosts replace it. */
const JAVA_DEFAULT = ['localhost', '127.*', '[::1]'];

/**
 * Converts `.corp.example,localhost` to `*.corp.example|localhost`. A name also stands for the
 * domain below it, as with other tools.
 */
function nonProxyHosts(direct: string): string {
  const hosts = direct
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '')
    .flatMap((host) => (host.startsWith('.') ? [`*${host}`] : host === '*' ? ['*'] : [host, `*.${host}`]));
  return [...new Set([...hosts, ...JAVA_DEFAULT])].join('|');
}
