import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished, test } from 'vitest';

const projectDir = resolve(import.meta.dirname, '..');

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'generate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Runs `generate` with the stream redirections of a shell. */
function shell(line: string) {
  const generate = 'node bootstrap.mjs --exec tsx orchestrator/generate-main.ts';
  return spawnSync('bash', ['-c', `generate() { ${generate} "$@"; }; ${line}`], {
    cwd: projectDir,
    encoding: 'utf8',
  });
}

/** A pipeline whose pipeline.json has yet to be written, on a disk that is full. */
function onFullDisk(): string {
  const folder = join(temporary(), 'transactions');
  cpSync(join(projectDir, 'pipelines', 'transactions'), folder, { recursive: true });
  rmSync(join(folder, 'pipeline.json'));
  symlinkSync('/dev/full', join(folder, 'pipeline.json.part'));
  return folder;
}

test('`npm run generate --check`, whose flag stays with npm, writes nothing', () => {
  const { status, stderr } = spawnSync('npm', ['run', '--silent', 'generate', '--check'], {
    cwd: projectDir,
    env: { ...process.env, npm_config_cache: temporary() },
    encoding: 'utf8',
  });
  expect(stderr).toContain('npm took --check for itself');
  expect(stderr).toContain('`npm run generate -- --check`');
  expect(status).toBe(2);
});

it('shows its help', () => {
  const { status, stdout, stderr } = shell('generate --help');
  expect(stdout).toContain('npm run generate -- [options] [folders]');
  expect(stdout).toContain('--check');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

it('ends as other commands do when its reader is gone', () => {
  const { stdout, stderr } = shell('{ sleep 0.2; generate --check; echo $? >&3; } 3>&2 | true');
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '141\n' });
});

it.skipIf(!existsSync('/dev/full'))('reports in a sentence that its output cannot be written', () => {
  const { status, stderr } = shell('generate --check > /dev/full');
  expect(stderr).toMatch(
    /^error: What the command prints could not be written to standard output: ENOSPC.* \[STREAM_FAILED\]\nhint: .*\n$/,
  );
  expect(status).toBe(4);
});

it.skipIf(!existsSync('/dev/full'))(
  'names the file that a full disk does not accept, and leaves no part of it',
  () => {
    const folder = onFullDisk();
    const { status, stderr } = shell(`generate '${folder}'`);
    expect(stderr).toMatch(
      /^error: .*\/pipeline\.json cannot be used: .* \[OUTPUT_NOT_WRITABLE\]\nhint: .*\n$/,
    );
    expect(status).toBe(2);
    expect(existsSync(join(folder, 'pipeline.json.part'))).toBe(false);
  },
);
