import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { homeFolder } from './files.ts';

afterEach(() => vi.unstubAllEnvs());

test('the home is HOME, and the root where HOME is empty or relative', () => {
  expect(homeFolder()).toBe(homedir());
  for (const home of ['', 'rel']) {
    vi.stubEnv('HOME', home);
    expect(homeFolder()).toBe('/');
  }
});

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a user id without an entry in the user list, and without HOME, has the root',
  () => {
    const loader = import.meta.resolve('tsx');
    const module = join(import.meta.dirname, 'files.ts');
    const script = `process.setuid(54321); import(${JSON.stringify(module)}).then((m) => console.log(m.homeFolder()))`;
    const { HOME: _home, ...env } = process.env;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', loader, '-e', script], {
      env,
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: '/\n', stderr: '' });
  },
);
