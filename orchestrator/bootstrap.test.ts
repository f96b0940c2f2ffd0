import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const LOCKFILE = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    '': { name: 'checkout' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/for-another-system': { version: '1.0.0', integrity: 'sha512-b', optional: true },
  },
});

/** Installs as npm does: empties the folder first, writes its record last. Waits in between for a file, if one is asked for. */
const NPM = `#!/bin/sh
echo "$*" >> calls
echo "npm speaks"
rm -rf node_modules && mkdir -p node_modules/.bin
while [ -e wait ]; do sleep 0.02; done
[ -e fail ] && { echo "npm error network" >&2; exit 1; }
ln -s ${root}/node_modules/tsx node_modules/tsx
ln -s ${root}/node_modules/.bin/tsx node_modules/.bin/tsx
cp installed.json node_modules/.package-lock.json
`;

let checkout: string;
let children: ChildProcess[];
beforeEach(() => {
  children = [];
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'bootstrap-')));
  const lock = 'orchestrator/runtime/kernel-lock.mjs';
  mkdirSync(join(checkout, lock, '..'), { recursive: true });
  for (const name of ['bootstrap.mjs', lock]) copyFileSync(join(root, name), join(checkout, name));
  put('package-lock.json', LOCKFILE);
  put('installed.json', LOCKFILE);
  put('package.json', '{"type":"module"}');
  put(
    'orchestrator/main.ts',
    'console.log(JSON.stringify(process.argv.slice(2)) as string); process.exit(7);',
  );
  put('bin/npm', NPM);
  chmodSync(join(checkout, 'bin/npm'), 0o755);
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(checkout, { recursive: true, force: true, maxRetries: 5 });
});

function put(name: string, content: string): void {
  mkdirSync(join(checkout, name, '..'), { recursive: true });
  writeFileSync(join(checkout, name), content);
}

function start(args: readonly string[] = [], environment: Record<string, string> = {}) {
  const { npm_execpath: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['bootstrap.mjs', ...args], {
    cwd: checkout,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...inherited,
      PATH: `${join(checkout, 'bin')}:${process.env['PATH']}`,
      XDG_CACHE_HOME: join(checkout, 'cache'),
      ...environment,
    },
  });
  children.push(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  const end = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, ...said }));
  });
  return { child, said, end };
}
const calls = () =>
  existsSync(join(checkout, 'calls')) ? readFileSync(join(checkout, 'calls'), 'utf8') : '';
const npmRuns = () => calls().split('\n').length - 1;
const npmStarted = (times = 1) => expect.poll(npmRuns, { timeout: 20_000 }).toBe(times);

test('packages are installed when they are missing; then the command runs with its arguments and exit code', async () => {
  const { code, out, err } = await start(['up', '--json']).end;
  expect({ code, out }).toEqual({ code: 7, out: '["up","--json"]\n' });
  expect(err).toContain('Installing packages');
  expect(err).toContain('npm speaks');
  expect(calls()).toMatch(/^ci --include=dev/);
});

test('nothing is installed again, until the lockfile changes or the packages are not whole', async () => {
  await start().end;
  expect((await start().end).err).toBe('');
  expect(npmRuns()).toBe(1);
  const changed = LOCKFILE.replaceAll('1.0.0', '1.0.1');
  put('package-lock.json', changed);
  put('installed.json', changed);
  await start().end;
  expect(npmRuns()).toBe(2);
  rmSync(join(checkout, 'node_modules', '.package-lock.json'));
  await start().end;
  expect(npmRuns()).toBe(3);
});

test('packages that were installed by hand are taken when they are those of the lockfile', async () => {
  const own = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } };
  put('node_modules/.package-lock.json', JSON.stringify(own));
  symlinkSync(join(root, 'node_modules', 'tsx'), join(checkout, 'node_modules', 'tsx'));
  expect((await start().end).code).toBe(7);
  expect(npmRuns()).toBe(0);
});

test('a failed install ends with 3, the words of npm and a hint, and is tried again', async () => {
  put('fail', '');
  const { code, out, err } = await start(['status', '--json']).end;
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toMatch(
    /npm error network\n+error: npm ci ended with exit code 1.*\[PROVISION_FAILED\]\nhint: /s,
  );
  rmSync(join(checkout, 'fail'));
  expect((await start().end).code).toBe(7);
});

test('a machine without npm is told so', async () => {
  rmSync(join(checkout, 'bin', 'npm'));
  const { stdout } = spawnSync('sh', ['-c', 'command -v flock || command -v perl'], { encoding: 'utf8' });
  symlinkSync(stdout.trim(), join(checkout, 'bin', basename(stdout.trim())));
  const { code, err } = await start([], { PATH: join(checkout, 'bin') }).end;
  expect(code).toBe(3);
  expect(err).toContain('npm could not be run');
});

test('of two at once one installs and the other waits for it', async () => {
  put('wait', '');
  const first = start();
  await npmStarted();
  const second = start();
  await expect
    .poll(() => second.said.err, { timeout: 20_000 })
    .toContain(`Waiting for process ${first.child.pid}`);
  rmSync(join(checkout, 'wait'));
  expect((await Promise.all([first.end, second.end])).map(({ code }) => code)).toEqual([7, 7]);
  expect(npmRuns()).toBe(1);
});

test('a checkout that cannot be written is named, with its packages missing', async () => {
  // A file in the lock's way is refused to every user, root included.
  mkdirSync(join(checkout, '.install.lock', 'not ours'), { recursive: true });
  const { code, err } = await start().end;
  expect(code).toBe(3);
  expect(err).toMatch(
    /^error: Packages are missing, and .* cannot be written: E.*\[PROVISION_FAILED\]\nhint: .*\n$/,
  );
});

test('an npm that outlives its killed command is waited for, not run into', async () => {
  put('wait', '');
  const first = start();
  await npmStarted();
  first.child.kill('SIGKILL');
  const second = start();
  await expect.poll(() => second.said.err, { timeout: 20_000 }).toContain('Waiting for process');
  rmSync(join(checkout, 'wait'));
  expect((await second.end).code).toBe(7);
  expect(npmRuns()).toBe(1);
});

test('Ctrl-C during the install ends with 130, and the next command installs', async () => {
  put('wait', '');
  const first = start();
  await npmStarted();
  process.kill(-(first.child.pid ?? 0), 'SIGINT');
  expect((await first.end).code).toBe(130);
  rmSync(join(checkout, 'wait'));
  expect((await start().end).code).toBe(7);
  expect(npmRuns()).toBe(2);
});

test('--exec runs a program of a package with its arguments and exit code', async () => {
  put('script.ts', 'console.log(process.argv.slice(2).join() as string); process.exit(5);');
  expect(await start(['--exec', 'tsx', 'script.ts', 'a', 'b']).end).toMatchObject({ code: 5, out: 'a,b\n' });
  expect(await start(['--exec', 'nothing']).end).toMatchObject({ code: 3 });
});

test('a Node.js that is too old ends with 3, before anything is installed', async () => {
  const old =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } })";
  const { code, err } = await start([], {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(old)}`,
  }).end;
  expect(code).toBe(3);
  expect(err).toMatch(/^error: Node\.js 20\.18\.3 is older than 20\.19.*\[NODE_TOO_OLD\]\nhint: /);
  expect(npmRuns()).toBe(0);
});
