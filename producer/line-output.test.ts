import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lineOutput } from './report.ts';

describe('lineOutput', () => {
  it('writes lines', () => {
    const stream = new PassThrough();
    lineOutput(stream, new PassThrough())('one');
    expect(String(stream.read())).toBe('one\n');
  });

  it('drops lines when the reader has gone, and says so once elsewhere', () => {
    const [stream, spare] = [new PassThrough(), new PassThrough()];
    const write = lineOutput(stream, spare);
    const brokenPipe = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    stream.emit('error', brokenPipe);
    stream.emit('error', brokenPipe);
    write('dropped');
    expect(stream.read()).toBeNull();
    expect(String(spare.read())).toBe(
      '[producer] standard output is gone (EPIPE): publishing goes on without lines\n',
    );
  });

  it('survives when no reader is left', () => {
    const [stream, spare] = [new PassThrough(), new PassThrough()];
    lineOutput(stream, spare);
    expect(() => spare.emit('error', new Error('write EPIPE'))).not.toThrow();
  });
});
