import { createHash } from 'node:crypto';

/**
 * Java's key store format JKS, trusted certificates only. Written here because `keytool` is absent from many runtimes and
 * takes a JVM start per certificate. Source of the format: sun.security.provider.JavaKeyStore in OpenJDK.
 */
const MAGIC = 0xfeedfeed;
const VERSION = 2;
const PRIVATE_KEY = 1;
const TRUSTED_CERTIFICATE = 2;

/** Java's customary one; it protects against accidental damage only, the content being public. */
export const TRUST_STORE_PASSWORD = 'changeit';

/** A trust store that holds certificates (DER), each once. */
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

/** The trusted certificates (DER) of a JKS file; undefined when it has another format, as PKCS12 since Java 18. */
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
