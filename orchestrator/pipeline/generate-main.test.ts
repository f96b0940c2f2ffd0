import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

const projectDir = resolve(import.meta.dirname, '..', '..');

test('`npm run generate --check`, whose flag stays with npm, writes nothing', () => {
  const cache = mkdtempSync(join(tmpdir(), 'npm-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'generate', '--check'], {
    cwd: projectDir,
    env: { ...process.env, npm_config_cache: cache },
    encoding: 'utf8',
  });
  expect(stderr).toContain('npm took --check for itself');
  expect(stderr).toContain('`npm run generate -- --check`');
  expect(status).toBe(2);
});
