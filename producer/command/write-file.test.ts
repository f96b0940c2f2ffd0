import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const projectDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Runs `produce` in a shell in which no file can grow beyond 100 KiB. */
function produce(options: string) {
  const main = 'node bootstrap.mjs --exec tsx producer/command/produce-main.ts';
  return spawnSync('bash', ['-c', `ulimit -f 100; ${main} ${options}`], {
    cwd: projectDir,
    encoding: 'utf8',
  });
}

it('a file that cannot take all records keeps the first ones, whole, and the error says how many', () => {
  const folder = mkdtempSync(join(tmpdir(), 'write-file-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const out = join(folder, 'records.jsonl');
  const { status, stderr } = produce(`--out '${out}' --max-records 10000`);
  const text = readFileSync(out, 'utf8');
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines) expect(Object.keys(JSON.parse(line))).toEqual(['key', 'value']);
  expect(text.endsWith('\n')).toBe(true);
  expect(lines.length).toBeGreaterThan(100);
  expect(stderr).toBe(
    `[producer] error: ${out} is not complete: EFBIG: file too large, write. It holds the first ${lines.length} records (${Buffer.byteLength(text)} bytes), each whole\n` +
      '[producer] hint: free some space, or name a file on another disk with --out, then run the command again\n',
  );
  expect(status).toBe(4);
});

it.skipIf(!existsSync('/dev/full'))('standard output that accepts nothing is an error in a sentence', () => {
  const { status, stderr } = produce('--dry-run > /dev/full');
  expect(stderr).toMatch(
    /^\[producer\] error: what the command prints could not be written to standard output: ENOSPC.*\n\[producer\] hint: .*\n$/,
  );
  expect(status).toBe(4);
});
