import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectDir } from '../support/project.ts';

it('`npm run bench` drains a topic with every side it is given, checks their outputs, reports, and leaves nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'medallion-e2e-bench-'));
  const [scratch, out] = [join(folder, 'scratch'), join(folder, 'results')];
  mkdirSync(scratch);
  try {
    const options = ['--records', '20000', '--warm-up', '0', '--rounds', '1', '--sides', 'medallion,noop'];
    const { code, output } = await bench(['drain', ...options, '--out', out], { TMPDIR: scratch });
    expect(code, output).toBe(0);
    expect(output).toMatch(/medallion-stream +\d/);
    const json = readdirSync(out).find((name) => name.endsWith('.json')) ?? '';
    const { figures, machine } = JSON.parse(readFileSync(join(out, json), 'utf8'));
    // Three partitions of equal size.
    expect(figures).toMatchObject([
      { side: 'medallion', records: 19_998, batches: 1 },
      { side: 'noop', records: 19_998, batches: 1 },
    ]);
    expect(machine).toMatchObject({ spark: expect.any(String), cores: expect.any(Number) });
    expect(readdirSync(scratch).filter((name) => name.startsWith('medallion-bench-'))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function bench(args: readonly string[], settings: Readonly<Record<string, string>>) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(projectDir, 'bootstrap.mjs'), '--exec', 'tsx', 'bench/main.ts', ...args],
      { env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
