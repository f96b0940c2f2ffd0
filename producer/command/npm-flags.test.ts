import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flagsKeptByNpm, type OwnFlag } from './npm-flags.ts';

const flag = (name: string, isSwitch: boolean, ...short: string[]): OwnFlag => ({ name, isSwitch, short });
const OWN = [
  flag('keep-topic', true),
  flag('up', true),
  flag('json', true),
  flag('dry-run', true),
  flag('follow', true, 'f'),
  flag('max-records', false),
  flag('trigger-interval', false),
  flag('faults', false, 'n'),
  flag('sql', false),
];

/** What npm set, and what its configuration files contain. */
const keptWith = (
  variables: Readonly<Record<string, string>>,
  argv: readonly string[] = [],
  files: Readonly<Record<string, string>> = {},
) => {
  const environment = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [`npm_config_${name}`, value]),
  );
  const npm = { npm_lifecycle_event: 'reset', npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' };
  return flagsKeptByNpm('reset', argv, OWN, { ...environment, ...npm }, () => new Map(Object.entries(files)));
};

describe('flags that npm kept', () => {
  it.each<[Record<string, string>, string[], string]>([
    [{ keep_topic: 'true' }, [], 'npm run reset -- --keep-topic'],
    [{ keep_topic: '' }, [], 'npm run reset -- --no-keep-topic'],
    [{ keeptopic: 'true' }, [], 'npm run reset -- --keep-topic'],
    [{ keep_topic: 'true', update_notifier: '' }, [], 'npm run reset -- --keep-topic --no-up'],
    [{ dry_run: 'true', max_records: '3' }, [], 'npm run reset -- --dry-run --max-records=3'],
    [{ max_records: 'true' }, ['3'], 'npm run reset -- --max-records 3'],
    [
      { max_records: 'true', faults: 'true' },
      ['3', '4'],
      'npm run reset -- --max-records=VALUE --faults=VALUE',
    ],
    [{ trigger_interval: '5 seconds' }, [], 'npm run reset -- --trigger-interval="5 seconds"'],
    [{ force: 'true' }, ['producer'], 'npm run reset -- --follow producer'],
    [{ n5: 'true' }, [], 'npm run reset -- --faults=5'],
    [{ yes: '' }, ['5'], 'npm run reset -- --faults 5'],
    [{ yes: '', max_records: 'true' }, ['5'], 'npm run reset -- --max-records 5'],
    [{ max_records: 'true' }, ['kafka', '3'], 'npm run reset -- --max-records 3 kafka'],
    [{ max_records: '' }, [], 'npm run reset -- --max-records=VALUE'],
    [{ long: 'true' }, ['FROM gold'], 'npm run reset -- --sql "FROM gold"'],
    [{ sql: '' }, [], 'npm run reset -- --sql=VALUE'],
  ])('%j with %j are handed on by %s', (variables, argv, commandLine) => {
    expect(keptWith(variables, argv)?.commandLine).toBe(commandLine);
  });

  it('are none when the command has them, npm has none of ours, or its files say the same', () => {
    expect(keptWith({})).toBeUndefined();
    expect(keptWith({ loglevel: 'silent', yes: '', cache: '/c' })).toBeUndefined();
    expect(keptWith({ trigger_interval: '' }, [], { trigger_interval: '' })).toBeUndefined();
    expect(keptWith({ keep_topic: 'true' }, ['--keep-topic'])).toBeUndefined();
    expect(keptWith({ keep_topic: 'true' }, ['--KEEP_TOPIC'])).toBeUndefined();
    expect(
      keptWith({ json: 'true', update_notifier: '' }, [], { json: 'true', update_notifier: '' }),
    ).toBeUndefined();
    expect(keptWith({ dry_run: 'true' }, [], { dry_run: '' })?.flags).toEqual(['--dry-run']);
  });

  it('are none in a script of another name, or where another package manager passes them on', () => {
    const kept = { npm_config_keep_topic: 'true' };
    const npm = '/usr/lib/node_modules/npm/bin/npm-cli.js';
    const found = (environment: Record<string, string>) =>
      flagsKeptByNpm('reset', [], OWN, { ...kept, ...environment }, () => new Map());
    expect(found({ npm_lifecycle_event: 'ci', npm_execpath: npm })).toBeUndefined();
    expect(found({ npm_lifecycle_event: 'reset', npm_execpath: '/usr/lib/pnpm.cjs' })).toBeUndefined();
    expect(found({ npm_execpath: npm })).toBeUndefined();
    expect(found({ npm_lifecycle_event: 'reset', npm_execpath: npm })).toBeDefined();
  });
});

describe('a command through the real npm', () => {
  const projectDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'npm-flags-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const npmRun = (args: readonly string[], settings: Readonly<Record<string, string>> = {}) => {
    const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
    const env = {
      ...Object.fromEntries(own),
      ...{ RUNTIME: 'local', RUN_DIR: join(folder, 'run'), OUTPUT_DIR: join(folder, 'output') },
      npm_config_userconfig: join(folder, 'npmrc'),
      ...settings,
    };
    return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      execFile('npm', ['run', '--silent', ...args], { cwd: projectDir, env }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  };

  it.concurrent.each([
    [['reset', '--keep-topic', '--no-up'], /`npm run reset -- --keep-topic( --no-up)?`/],
    [
      ['up', '--msgs-per-sec=200', '--trigger-interval', '5 seconds'],
      /--msgs-per-sec=200 --trigger-interval "5 seconds"`/,
    ],
    [['produce', '--dry-run', '--max-records=3'], /`npm run produce -- --dry-run --max-records=3`/],
    [['verify', '--deep'], /`npm run verify -- --deep`/],
    [['status', '--json'], /`npm run status -- --json`/],
    [['logs', '-f', 'producer'], /`npm run logs -- --follow producer`/],
    [['logs', 'producer', '--tail', '5'], /`npm run logs -- --tail 5 producer`/],
    [['peek', '--sql=FROM gold'], /`npm run peek -- --sql "FROM gold"`/],
    [['peek', '-n', '5'], /`npm run peek -- --limit 5`/],
    [['produce', '--dry-run', '--seed='], /`npm run produce -- --dry-run --seed=VALUE`/],
    [['bench', 'drain', '--records=3'], /`npm run bench -- --records=3 drain`/],
  ])('%j is refused with the right spelling', async (args, spelling) => {
    const { code, stderr } = await npmRun(args);
    expect(stderr).toMatch(spelling);
    expect(code).toBe(2);
  });

  it("goes on when the value is one of npm's own files", async () => {
    writeFileSync(join(folder, 'npmrc'), 'json=true\nkeep-topic=true\ndry-run=true\n');
    const { code, stderr } = await npmRun(['status']);
    expect(stderr).not.toContain('npm took');
    expect(code).toBeLessThan(2);
    expect((await npmRun(['reset', '--no-keep-topic'])).stderr).toContain('npm took --no-keep-topic');
  });
});
