import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectDir } from './project.ts';
import { pythonTools } from './python-tools.ts';

/**
 * Runs the job's tests. A run that fails without a failed test, such as one that cannot collect,
 * counts as a failure.
 *
 * @param long runs the tests with the mark `long` instead of the others
 * @returns the counts, and everything that was printed: other tests run at the same time
 */
export async function runPytest({ long }: { readonly long: boolean }) {
  const tools = await pythonTools();
  const folder = mkdtempSync(join(tmpdir(), 'medallion-pytest-'));
  const report = join(folder, 'report.xml');
  const printed: Buffer[] = [];
  try {
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(tools.bin('pytest'), ['-m', long ? 'long' : 'not long', `--junitxml=${report}`], {
        cwd: join(projectDir, 'spark-app'),
        env: tools.environment as NodeJS.ProcessEnv,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (part: Buffer) => printed.push(part));
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? 1));
    });
    return { ...countsOf(readFileSync(report, 'utf8'), code), printed: Buffer.concat(printed) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The counts of a JUnit report's first `testsuite` and the names of its failed cases, as pytest
 * writes it.
 */
function countsOf(report: string, exitCode: number) {
  const suite = /<testsuite [^>]*>/.exec(report)?.[0] ?? '';
  const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  const skipped = count('skipped');
  const failures = [
    ...report.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*><(?:failure|error) /g),
  ];
  return {
    passed: count('tests') - failed - skipped,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped,
    failures: failures.map(([, file, name]) => `${file} > ${name}`),
  };
}
