import { describe, expect, it } from 'vitest';
import { LogFrames, linesOf } from './container-log.ts';

/** A frame as the engine sends it: 1 is standard output, 2 standard error. */
function frame(stream: 1 | 2, text: string | Buffer): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe("the engine's log frames", () => {
  it('give lines in the order in which they came, of both streams', () => {
    expect(linesOf(Buffer.concat([frame(1, 'one\n'), frame(2, 'two\nthree\r\n'), frame(1, '\n')]))).toEqual([
      'one',
      'two',
      'three',
      '',
    ]);
  });

  it('may be cut anywhere, within a header and within a character', () => {
    const all = Buffer.concat([frame(1, 'Zürich '), frame(2, 'error\n'), frame(1, '→ Köln\n')]);
    for (let cut = 0; cut <= all.length; cut++) {
      const frames = new LogFrames();
      expect([...frames.push(all.subarray(0, cut)), ...frames.push(all.subarray(cut))]).toEqual([
        'error',
        'Zürich → Köln',
      ]);
    }
  });

  it('may divide a character', () => {
    const [first, second] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü\n').subarray(1)];
    expect(linesOf(Buffer.concat([frame(1, first), frame(1, second)]))).toEqual(['ü']);
  });

  it('end with what has no line end', () => {
    expect(linesOf(frame(1, 'cut off'))).toEqual(['cut off']);
    expect(linesOf(Buffer.alloc(0))).toEqual([]);
  });
});
