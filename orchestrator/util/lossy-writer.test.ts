import { expect, test } from 'vitest';
import { LossyWriter } from './output.ts';

test('what cannot be written is dropped, reported once, and its size is in the log when writing works again', () => {
  let full = false;
  let log = '';
  const writer = new LossyWriter((chunk) => {
    if (full) throw new Error('ENOSPC: no space left on device, write');
    log += chunk.toString();
  });
  const write = (text: string) => writer.write(Buffer.from(text));
  expect([write('one\n'), writer.reason]).toEqual([false, undefined]);
  full = true;
  expect([write('two\n'), write('three\n'), write('four\n')]).toEqual([true, false, false]);
  expect(writer.reason).toBe('ENOSPC: no space left on device, write');
  full = false;
  expect([write('five\n'), writer.reason]).toEqual([true, undefined]);
  expect(write('six\n')).toBe(false);
  expect(log).toBe(
    'one\n\n[medallion-stream] 15 bytes were dropped here: ENOSPC: no space left on device, write\nfive\nsix\n',
  );
  full = true;
  // A second loss is reported again.
  expect(write('x')).toBe(true);
  full = false;
  write('y');
  expect(log).toContain('[medallion-stream] 1 bytes were dropped here');
});
