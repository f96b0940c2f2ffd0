import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectDir } from '../../tests/support/project.ts';

/**
 * Runs a command and returns the packages that it loaded. V8 lists every script of a process in its
 * report of coverage.
 */
function packagesOf(...command: readonly string[]): ReadonlySet<string> {
  const folder = mkdtempSync(join(tmpdir(), 'loaded-modules-'));
  try {
    spawnSync(process.execPath, ['bootstrap.mjs', ...command, '--run-dir', join(folder, 'run')], {
      cwd: projectDir,
      env: { ...process.env, NODE_V8_COVERAGE: join(folder, 'coverage') },
    });
    const urls = readdirSync(join(folder, 'coverage')).flatMap((name) => {
      const report = JSON.parse(readFileSync(join(folder, 'coverage', name), 'utf8'));
      return (report.result as readonly { url: string }[]).map(({ url }) => url);
    });
    return new Set(urls.flatMap((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? []));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each takes a good part of a second to load, so only what needs one may ask for it. */
const HEAVY = ['dockerode', 'execa', 'listr2', 'yaml', '@duckdb/node-api', '@faker-js/faker', 'hono'];

it.each([[['--help']], [['status', '--runtime', 'local']], [['logs', '--runtime', 'local']]])(
  '%s loads none of the packages that only other commands need',
  (command) => {
    const packages = packagesOf(...command);
    expect(packages).toContain('yargs');
    expect(HEAVY.filter((name) => packages.has(name))).toEqual([]);
  },
);
