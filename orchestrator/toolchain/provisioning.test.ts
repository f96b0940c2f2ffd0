import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type PackageIndex, packageIndex } from '../../tests/support/package-index.ts';
import { projectDir } from '../../tests/support/project.ts';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { checkCache } from '../doctor/software-checks.ts';
import { SERVICES } from '../services/services.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { stackConfig } from '../settings/stack-config.ts';
import { provisioning } from './toolchain.ts';

/** Nothing listens there: the port is reserved and connections are refused at once. */
const DEAD_INDEX = 'http://127.0.0.1:9/simple';

let folder: string;
let environment: Record<string, string | undefined>;
beforeEach(() => {
  folder = scratchFolder();
  const { PIP_FIND_LINKS: _, PYTHON: __, ...inherited } = process.env;
  environment = { ...inherited, XDG_CACHE_HOME: join(folder, 'cache'), PIP_INDEX_URL: DEAD_INDEX };
});

const parts = () => {
  const settings = loadSettings({ flags: {}, environment: {}, projectDir: folder });
  return provisioning(stackConfig(settings, folder, environment), SERVICES);
};
const run = (name: string, signal = new AbortController().signal, details: string[] = []) => {
  const step = parts().steps.find((candidate) => candidate.name === name);
  if (!step) throw new Error(`no step ${name}`);
  return step.run({ signal, onDetail: (detail) => details.push(detail) });
};
const inCache = (kind: string) => {
  const parent = join(folder, 'cache', 'medallion-stream', kind);
  return existsSync(parent) ? readdirSync(parent) : [];
};
const use = (index: PackageIndex) => {
  environment['PIP_INDEX_URL'] = index.url;
};

/** Runs the step in another process and collects its output. */
function elsewhere(name: string): { readonly child: ChildProcess; readonly said: () => string } {
  const program = join(projectDir, 'tests', 'support', 'provision-main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program, folder, name], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, said: () => text };
}

test('the steps and what needs them are those of the plan', () => {
  const { steps, toolchain } = parts();
  expect(steps.map(({ name, after }) => [name, ...after])).toEqual([
    ['java'],
    ['pyspark'],
    ['kafka-jars', 'java', 'pyspark'],
    ['connector', 'java', 'pyspark'],
  ]);
  expect(toolchain).toThrow('come before');
});

test('without a network and with an empty cache the error names that in one sentence, within seconds', async () => {
  const failure = run('pyspark');
  await expect(failure).rejects.toMatchObject({
    code: 'PROVISION_FAILED',
    exitCode: 3,
    message: expect.stringMatching(
      /^pyspark 3\.5\.7 .* there was no connection to the package registry \(pip .*\)\.$/,
    ),
    hint: expect.stringContaining('PIP_INDEX_URL'),
    logTail: expect.arrayContaining([expect.stringContaining('No matching distribution')]),
  });
  expect(inCache('pyspark')).toEqual([]);
});

test('a wrong certificate file is refused before anything is made', async () => {
  environment['SSL_CERT_FILE'] = join(folder, 'none.pem');
  await expect(parts().checkMachine(new AbortController().signal)).rejects.toMatchObject({
    code: 'BAD_SETTING',
  });
});

describe('PySpark from an index', { timeout: 180_000 }, () => {
  test('is installed, found again without a process or a network, and made again when a file is cut', async () => {
    const index = await packageIndex(folder);
    use(index);
    const details: string[] = [];
    expect(await run('pyspark', undefined, details)).toMatch(/^PySpark 3\.5\.7 on Python 3\.\d+ installed$/);
    expect(details.join('\n')).toMatch(/downloading pyspark-3\.5\.7\S* \(3\.0 MB\), \d+ s/);
    environment['PIP_INDEX_URL'] = DEAD_INDEX;
    environment['PATH'] = '';
    expect(await run('pyspark')).toMatch(/^PySpark 3\.5\.7 on Python 3\.\d+$/);
    expect(index.downloads).toBe(1);

    environment['PATH'] = process.env['PATH'];
    use(index);
    const [venv = ''] = inCache('pyspark');
    const root = join(folder, 'cache', 'medallion-stream', 'pyspark', venv);
    const stamp = JSON.parse(readFileSync(join(root, 'provisioned.json'), 'utf8'));
    const jar = stamp.files.find(({ path }: { path: string }) => path.endsWith('padding.jar')).path;
    truncateSync(join(root, jar), 1000);
    expect(await run('pyspark')).toMatch(/installed$/);
    expect(index.downloads).toBe(2);
  });

  test('goes into its venv whatever a pip.conf sets for other installations', async () => {
    use(await packageIndex(folder));
    environment['PIP_CONFIG_FILE'] = join(folder, 'pip.conf');
    writeFileSync(
      environment['PIP_CONFIG_FILE'],
      '[global]\nonly-binary = :all:\n[install]\nuser = true\nno-deps = true\n',
    );
    expect(await run('pyspark')).toMatch(/installed$/);
  });

  test('is installed again when the Python behind its venv is gone or another one, and doctor sees it', async () => {
    const index = await packageIndex(folder);
    use(index);
    await run('pyspark');
    const [venv = ''] = inCache('pyspark');
    const python = join(folder, 'cache', 'medallion-stream', 'pyspark', venv, 'bin', 'python');
    const replace = (target: string) => {
      rmSync(python);
      symlinkSync(target, python);
    };
    const settings = loadSettings({ flags: {}, environment: {}, projectDir: folder });
    const doctor = () => checkCache(stackConfig(settings, folder, environment));
    expect(await doctor()).toMatchObject([{ state: 'ok' }]);

    replace('/no/such/python3.11');
    expect(await doctor()).toMatchObject([
      { state: 'note', detail: expect.stringMatching(/its Python .* is gone/) },
    ]);
    expect(await run('pyspark')).toMatch(/installed again, since its Python .* is gone$/);
    expect(await doctor()).toMatchObject([{ state: 'ok' }]);

    const other = join(folder, 'python3.99');
    writeFileSync(other, '');
    replace(other);
    expect(await run('pyspark')).toMatch(/installed again, since its Python was 3\.\d+ and is 3\.99 now$/);
    expect(index.downloads).toBe(3);
    expect(await run('pyspark')).toMatch(/^PySpark 3\.5\.7 on Python 3\.\d+$/);
  });

  test('that was half downloaded does not count; the next run fetches it whole', async () => {
    const index = await packageIndex(folder);
    use(index);
    index.delivery = 'half';
    await expect(run('pyspark')).rejects.toMatchObject({ code: 'PROVISION_FAILED' });
    expect(inCache('pyspark')).toEqual([]);
    index.delivery = 'whole';
    expect(await run('pyspark')).toMatch(/installed$/);
  });

  test('survives a kill -9 of the command in the middle of the download', async () => {
    const index = await packageIndex(folder);
    use(index);
    index.delivery = 'stalled';
    const first = elsewhere('pyspark');
    await expect.poll(() => index.downloads, { timeout: 60_000 }).toBe(1);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    index.delivery = 'whole';
    expect(await run('pyspark')).toMatch(/installed$/);
    expect(inCache('pyspark')).toHaveLength(1);
  });

  test('is installed once when two commands race for it', async () => {
    const index = await packageIndex(folder);
    use(index);
    const [one, two] = [elsewhere('pyspark'), elsewhere('pyspark')];
    const codes = await Promise.all(
      [one, two].map(({ child }) => once(child, 'exit').then(([code]) => code)),
    );
    expect(codes).toEqual([0, 0]);
    expect(index.downloads).toBe(1);
    const said = one.said() + two.said();
    expect(said).toContain(`(in ${folder}) to finish pyspark 3.5.7`);
    expect(said.match(/ installed$/gm)).toHaveLength(1);
  });

  test('is given up at once on Ctrl-C, and pip with it', async () => {
    const index = await packageIndex(folder);
    use(index);
    index.delivery = 'stalled';
    const abort = new AbortController();
    const step = run('pyspark', abort.signal);
    await expect.poll(() => index.downloads, { timeout: 60_000 }).toBe(1);
    const abortedMs = performance.now();
    abort.abort(new Error('Ctrl-C'));
    await expect(step).rejects.toThrow('Ctrl-C');
    expect(performance.now() - abortedMs).toBeLessThan(3000);
    expect(inCache('pyspark')).toEqual([]);
  });
});
