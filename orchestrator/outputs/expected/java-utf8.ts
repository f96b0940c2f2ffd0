import { isUtf8 } from 'node:buffer';

/**
 * Bytes as the text that the job makes of them: UTF-8, with U+FFFD for what is not. Java and the web platform count alike how
 * many U+FFFD that gives, except for UTF-16 surrogates encoded as if they were characters (ED A0 80 …): one each in Java, one
 * for each byte on the web.
 */
export function decodeAsJava(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : withoutSurrogates(bytes).toString('utf8');
}

/** Replaces each encoded surrogate, also one that is cut off after two bytes, by the bytes of U+FFFD. */
function withoutSurrogates(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let done = 0;
  for (let at = bytes.indexOf(0xed); at >= 0; at = bytes.indexOf(0xed, at + 1)) {
    // ED is a first byte wherever it stands; after it only 80 to 9F make a character.
    const second = bytes[at + 1] ?? 0;
    if (second < 0xa0 || second > 0xbf) continue;
    parts.push(bytes.subarray(done, at), REPLACEMENT);
    done = at + (((bytes[at + 2] ?? 0) & 0xc0) === 0x80 ? 3 : 2);
  }
  return Buffer.concat([...parts, bytes.subarray(done)]);
}

const REPLACEMENT = Buffer.from('\uFFFD');
