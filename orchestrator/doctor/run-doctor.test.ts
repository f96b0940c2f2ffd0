import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { RUN_DIR_VARIABLE } from '../runtimes/local/launch.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { stackConfig } from '../settings/stack-config.ts';
import { writeStamp } from '../toolchain/stamp.ts';
import { renderDoctorReport } from './doctor-report.ts';
import { runDoctor } from './run-doctor.ts';

let folder: string;
let environment: Record<string, string | undefined>;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'doctor-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  // Without PATH there is no Python, Java or Docker, whatever this machine has.
  environment = { PATH: '', XDG_CACHE_HOME: join(folder, 'cache') };
});

const examine = async (flags = {}) => {
  const settings = loadSettings({ flags, environment: {}, projectDir: folder });
  const report = await runDoctor(stackConfig(settings, folder, environment), new AbortController().signal);
  return { report, find: (name: string) => report.checks.find((check) => check.name === name) };
};

test('a machine without Python has a problem with a remedy, one without Docker a note', async () => {
  const { report, find } = await examine();
  expect(find('Node.js')).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining(process.versions.node),
  });
  expect(find('Python')).toMatchObject({
    state: 'problem',
    detail: expect.stringContaining('none was found on PATH'),
    remedy: expect.stringContaining('PYTHON='),
  });
  expect(find('Docker')).toMatchObject({
    state: 'note',
    detail: expect.stringContaining('there is no `docker` command'),
  });
  expect(report.problems).toBe(report.checks.filter(({ state }) => state === 'problem').length);
  expect(report.problems).toBeGreaterThan(0);
});

test('Docker is a problem when Compose is asked for', async () => {
  expect((await examine({ RUNTIME: 'compose' })).find('Docker')).toMatchObject({ state: 'problem' });
});

test('names two services that have one port', async () => {
  const { find } = await examine({ ZOOKEEPER_PORT: '29555', KAFKA_PORT: '29555' });
  expect(find('ZOOKEEPER_PORT 29555')).toMatchObject({ state: 'ok' });
  expect(find('KAFKA_PORT 29555')).toEqual({
    name: 'KAFKA_PORT 29555',
    state: 'problem',
    detail: 'ZOOKEEPER_PORT has the same port',
    remedy: 'Set KAFKA_PORT to another port.',
  });
});

test('a port is free, or its holder is named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const taken = await examine({ KAFKA_PORT: String(port) });
  expect(taken.find(`KAFKA_PORT ${port}`)).toEqual({
    name: `KAFKA_PORT ${port}`,
    state: 'problem',
    detail: expect.stringMatching(new RegExp(`^held by node.*, pid ${process.pid}$`)),
    remedy: `\`kill ${process.pid}\`, or set KAFKA_PORT to another port.`,
  });
  await new Promise((resolve) => server.close(resolve));
  expect((await examine({ KAFKA_PORT: String(port) })).find(`KAFKA_PORT ${port}`)).toMatchObject({
    state: 'ok',
  });
});

test.skipIf(process.platform !== 'linux')(
  "a port of this stack's own is no problem, whichever path leads to its folder",
  async () => {
    mkdirSync(join(folder, 'run'));
    symlinkSync(join(folder, 'run'), join(folder, 'link'));
    const program =
      "net.createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })";
    const holder = spawn(process.execPath, ['-e', program], {
      env: { ...process.env, [RUN_DIR_VARIABLE]: join(folder, 'run') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void holder.kill());
    const [port] = await once(holder.stdout.setEncoding('utf8'), 'data');
    const { find } = await examine({ RUN_DIR: join(folder, 'link'), KAFKA_PORT: port.trim() });
    expect(find(`KAFKA_PORT ${port.trim()}`)).toMatchObject({
      state: 'ok',
      detail: expect.stringContaining('held by this stack'),
    });
  },
);

test('a folder that cannot be made is a problem that names the setting', async () => {
  writeFileSync(join(folder, 'file'), '');
  const { find } = await examine({ OUTPUT_DIR: join(folder, 'file', 'output') });
  expect(find('OUTPUT_DIR')).toMatchObject({
    state: 'problem',
    detail: expect.stringContaining(`${join(folder, 'file')} is not a folder`),
    remedy: expect.stringContaining('Set OUTPUT_DIR'),
  });
});

test('certificate files are counted, and a missing one is a problem', async () => {
  writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n');
  environment = { ...environment, SSL_CERT_FILE: join(folder, 'ca.pem'), PIP_CERT: join(folder, 'none.pem') };
  const { find } = await examine();
  expect(find('SSL_CERT_FILE')).toMatchObject({
    state: 'ok',
    detail: `${join(folder, 'ca.pem')}, 1 certificate`,
  });
  expect(find('PIP_CERT')).toMatchObject({
    state: 'problem',
    detail: expect.stringContaining('does not exist'),
  });
});

test('a file of the cache with another content is found, although its size is the same', async () => {
  expect((await examine()).find('cache')).toMatchObject({ state: 'note' });
  const kafka = join(folder, 'cache', 'medallion-stream', 'kafka', '3.9.2');
  mkdirSync(kafka, { recursive: true });
  writeFileSync(join(kafka, 'a.jar'), 'AAAA');
  await writeStamp(kafka, { recipe: 'kafka', files: ['a.jar'], facts: {} });
  expect((await examine()).find('cache')).toMatchObject({ state: 'ok' });
  writeFileSync(join(kafka, 'a.jar'), 'AAAB');
  expect((await examine()).find('cache')).toMatchObject({
    state: 'problem',
    detail: expect.stringContaining('a.jar'),
    remedy: expect.stringContaining(kafka),
  });
});

test('the report is text with one line for each thing, its remedy below it, and a verdict', () => {
  const text = renderDoctorReport({
    checks: [
      { name: 'Python', state: 'problem', detail: 'none', remedy: 'Install it.' },
      { name: 'Java', state: 'ok', detail: '17' },
    ],
    problems: 1,
  });
  expect(text).toBe(
    [
      'PROBLEM  Python  none',
      '                 → Install it.',
      'ok       Java    17',
      '',
      '1 problem stands in the way of `npm run up`.',
    ].join('\n'),
  );
});
