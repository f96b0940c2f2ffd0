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
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const LOCKFILE = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    '': { name: 'checkout' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/for-another-system': {
      version: '1.0.0',
      integrity: 'sha512-b',
      optional: true,
      os: ['no-such-system'],
    },
    'node_modules/@native/here': {
      version: '1.0.0',
      integrity: 'sha512-c',
      optional: true,
      os: [process.platform],
      cpu: [process.arch],
    },
  },
});

/**
 * Installs as npm does: empties the folder first, writes its record last. In between it waits for a
 * file, if one is named.
 */
const NPM = `#!/bin/sh
echo "$*" >> calls
echo "npm speaks"
rm -rf node_modules && mkdir -p node_modules/.bin
while [ -e wait ]; do sleep 0.02; done
[ -e fail ] && { echo "npm error network" >&2; exit 1; }
ln -s ${root}/node_modules/tsx node_modules/tsx
ln -s ${root}/node_modules/.bin/tsx node_modules/.bin/tsx
mkdir -p node_modules/@native/here && echo '{}' > node_modules/@native/here/package.json
cp installed.json node_modules/.package-lock.json
`;

let checkout: string;
let children: ChildProcess[];
beforeEach(() => {
  children = [];
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'bootstrap-')));
  const lock = 'orchestrator/util/kernel-lock.mjs';
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

function start(
  args: readonly string[] = [],
  environment: Record<string, string> = {},
  user: { readonly uid?: number; readonly gid?: number } = {},
) {
  const { npm_execpath: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['bootstrap.mjs', ...args], {
    cwd: checkout,
    detached: true,
    ...user,
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
  installByHand();
  expect((await start().end).code).toBe(7);
  expect(npmRuns()).toBe(0);
});

/** What `npm ci` leaves; the record is npm's own. */
function installByHand(): void {
  const own = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } };
  put('node_modules/@native/here/package.json', '{}');
  put('node_modules/.package-lock.json', JSON.stringify(own));
  symlinkSync(join(root, 'node_modules', 'tsx'), join(checkout, 'node_modules', 'tsx'));
}

test.each(['platform', 'arch'] as const)(
  'packages of another %s are installed again, with the reason',
  async (name) => {
    await start().end;
    const other = `Object.defineProperty(process, '${name}', { value: 'another' })`;
    // The command itself then runs on another machine, as far as it knows; only the installation
    // counts here.
    const { err } = await start([], importing(other)).end;
    expect(err).toMatch(
      /Installing packages \(npm ci\): node_modules was installed for .*, and this is .*another.*\.\n/,
    );
    expect(npmRuns()).toBe(2);
  },
);

test('packages of another ABI are installed again', async () => {
  await start().end;
  const record = join(checkout, 'node_modules', '.medallion-stream-lock');
  writeFileSync(record, readFileSync(record, 'utf8').replace(/abi\d+/, 'abi1'));
  expect((await start().end).err).toContain(`abi1, and this is ${process.platform}-${process.arch}`);
  expect(npmRuns()).toBe(2);
});

test.each([
  ['recorded as complete', () => start().end],
  ['installed by hand on another platform', async () => installByHand()],
])(
  'a package for this platform that is missing is installed, in node_modules %s',
  async (_which, install) => {
    await install();
    rmSync(join(checkout, 'node_modules', '@native'), { recursive: true });
    const before = npmRuns();
    const { code, err } = await start().end;
    expect(err).toContain('(npm ci): @native/here, which this platform');
    expect(code).toBe(7);
    expect(npmRuns()).toBe(before + 1);
  },
);

/** Runs as a user who may read the checkout and nothing more. */
const asReader = { uid: 65_534, gid: 65_534 };
const makeReadOnly = () => {
  for (const path of ['.', 'node_modules', 'orchestrator', 'orchestrator/runtime']) {
    if (existsSync(join(checkout, path))) chmodSync(join(checkout, path), 0o755);
  }
};

describe.skipIf(process.getuid?.() !== 0)('a checkout of another user', () => {
  it.each([
    ['by the command', () => start().end],
    ['by hand', async () => installByHand()],
  ])('works with packages that were installed %s', async (_how, install) => {
    await install();
    rmSync(join(checkout, 'node_modules', '.medallion-stream-lock'), { force: true });
    makeReadOnly();
    expect(await start(['--help'], {}, asReader).end).toMatchObject({ code: 7, err: '' });
  });

  it.each([
    ['are missing', async () => undefined],
    [
      'are of another platform',
      async () => {
        await start().end;
        rmSync(join(checkout, 'node_modules', '@native'), { recursive: true });
      },
    ],
  ])('ends with 3 and a sentence when packages %s', async (_why, prepare) => {
    await prepare();
    const before = npmRuns();
    makeReadOnly();
    const { code, err } = await start(['--help'], {}, asReader).end;
    expect(err).toMatch(
      /^error: Packages must be installed \(.*\), and .* cannot be written: EACCES\. \[PROVISION_FAILED\]\nhint: .*\n$/,
    );
    expect(code).toBe(3);
    expect(npmRuns()).toBe(before);
  });
});

test('a failed install ends with 3, the output of npm and a hint, and is tried again', async () => {
  put('fail', '');
  const { code, out, err } = await start(['status', '--json']).end;
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toMatch(
    /npm error network\n+error: npm ci ended with exit code 1.*\[PROVISION_FAILED\]\nhint: /s,
  );
  rmSync(join(checkout, 'fail'));
  expect((await start().end).code).toBe(7);
});

test('a machine without npm gets an error that names it', async () => {
  rmSync(join(checkout, 'bin', 'npm'));
  const { stdout } = spawnSync('sh', ['-c', 'command -v flock || command -v perl'], { encoding: 'utf8' });
  symlinkSync(stdout.trim(), join(checkout, 'bin', basename(stdout.trim())));
  const { code, err } = await start([], { PATH: join(checkout, 'bin') }).end;
  expect(code).toBe(3);
  expect(err).toContain('npm could not be run');
});

test('of two concurrent commands one installs and the other waits for it', async () => {
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
  // The system refuses a file in the lock's place to every user, root included.
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

/** Changes what Node reports of itself before the command reads it. */
const importing = (script: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(script)}`,
});

test('Windows itself is refused with 3 and the remedy, before anything is checked', async () => {
  const windows = "Object.defineProperty(process, 'platform', { value: 'win32' })";
  rmSync(join(checkout, 'package-lock.json'));
  const { code, out, err } = await start(['up'], importing(windows)).end;
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toMatch(
    /^error: medallion-stream does not run on Windows itself\. \[UNSUPPORTED_SYSTEM\]\nhint: Use WSL2 .*\n$/,
  );
});

test('a Node.js that is too old ends with 3, before anything is installed', async () => {
  const old =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.3' } })";
  const { code, err } = await start([], importing(old)).end;
  expect(code).toBe(3);
  expect(err).toMatch(/^error: Node\.js 20\.18\.3 is older than 20\.19.*\[NODE_TOO_OLD\]\nhint: /);
  expect(npmRuns()).toBe(0);
});
