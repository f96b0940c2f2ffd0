import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** What a pipe of Linux accepts before anybody reads from it. */
const PIPE_BYTES = 64 * 1024;
const LAST = 'the last line';

const PROGRAM = `
  import { processOutput } from ${JSON.stringify(fileURLToPath(new URL('./output.ts', import.meta.url)))};
  async function* pieces() {
    yield 'x'.repeat(${PIPE_BYTES});
    yield ${JSON.stringify(LAST)};
  }
  await processOutput(() => process.exit(141)).outAll(pieces());
  process.exit(0);
`;

describe('a long result', () => {
  it('reaches a slow reader to its last piece, though the process ends at once behind it', async () => {
    const pipe = '"$NODE" --import tsx --input-type=module -e "$PROGRAM" | (sleep 2; cat)';
    const { stdout } = await promisify(execFile)('sh', ['-c', pipe], {
      env: { ...process.env, NODE: process.execPath, PROGRAM },
      maxBuffer: 4 * PIPE_BYTES,
    });
    expect(stdout.length).toBe(PIPE_BYTES + LAST.length);
    expect(stdout.endsWith(LAST)).toBe(true);
  });
});
