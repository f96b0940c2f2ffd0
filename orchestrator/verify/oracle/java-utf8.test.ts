import { expect, it } from 'vitest';
import { decodeAsJava } from './json-value.ts';

/** The results of Java 17's `new String(bytes, UTF_8)`, each printed by it. */
it.each([
  ['68c3a9f09f9880', 'hé😀'],
  ['ff', '\uFFFD'],
  ['c080', '\uFFFD\uFFFD'],
  ['e282', '\uFFFD'],
  ['e28261', '\uFFFDa'],
  ['e08080', '\uFFFD\uFFFD\uFFFD'],
  ['eda080', '\uFFFD'],
  ['eda080edb080', '\uFFFD\uFFFD'],
  ['eda0', '\uFFFD'],
  ['eda061', '\uFFFDa'],
  ['ed', '\uFFFD'],
  ['ed9fbf', '\uD7FF'],
  ['61ed61ff', 'a\uFFFDa\uFFFD'],
  ['f0808080', '\uFFFD\uFFFD\uFFFD\uFFFD'],
  ['f09f98', '\uFFFD'],
  ['f4908080', '\uFFFD\uFFFD\uFFFD\uFFFD'],
  ['f8888080', '\uFFFD\uFFFD\uFFFD\uFFFD'],
])('bytes %s are the text %j', (hex, text) => {
  expect(decodeAsJava(Buffer.from(hex, 'hex'))).toBe(text);
});
