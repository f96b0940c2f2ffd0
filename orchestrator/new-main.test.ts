import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { scratchFolder } from '../tests/support/scratch-folder.ts';

const projectDir = resolve(import.meta.dirname, '..');
let folder: string;
let events: string;
beforeEach(() => {
  folder = scratchFolder();
  events = join(folder, 'events.jsonl');
  writeFileSync(events, '{"id":1,"ts":"2026-01-31T10:00:00Z"}\n{"id":2,"ts":"2026-01-31T10:00:01Z"}\n');
});

function run(args: readonly string[], input?: string) {
  return spawnSync('node', ['bootstrap.mjs', '--exec', 'tsx', 'orchestrator/new-main.ts', ...args], {
    cwd: projectDir,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  });
}

describe('`npm run new`', () => {
  it('tells what it wrote, what it guessed and what comes next', () => {
    const { status, stdout, stderr } = run([join(folder, 'shop'), '--from', events]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('event time  ts: ts is in every event');
    expect(stdout).toContain('2 of 2 events become silver rows.');
    expect(stdout).toContain(`npm run up -- --pipeline ${folder}/shop`);
    expect(readdirSync(join(folder, 'shop'))).toHaveLength(4);
  });

  it('reads standard input and prints JSON', () => {
    const { status, stdout } = run([join(folder, 'shop'), '--from', '-', '--json'], '[{"id":1}]');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      pipeline: 'shop',
      source: { form: 'json-array', events: 1, complete: true, skipped: [] },
      fields: [{ field: 'id', type: 'integer', required: true }],
      eventTime: { field: 'kafka_ts' },
      outcomes: { silver: 1, quarantine: 0, reasons: {} },
    });
  });

  it('ends with a sentence and a hint, and writes nothing, when something is wrong', () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /A name for the pipeline is missing/],
      [['shop'], /--from is missing/],
      [['a', 'b', '--from', events], /One name is allowed/],
      [['shop', '--form', events], /Unknown argument: form/],
      [[join(folder, 'shop'), '--from', join(folder, 'none')], /none cannot be read/],
    ];
    for (const [args, message] of cases) {
      const { status, stderr } = run(args);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/\[BAD_USAGE\]\nhint: /);
      expect(status).toBe(2);
    }
    expect(existsSync(join(folder, 'shop'))).toBe(false);
  });

  it('has a help that teaches by examples', () => {
    const { status, stdout } = run(['--help']);
    expect(stdout).toContain('npm run new -- sales --from sales.jsonl');
    expect(status).toBe(0);
  });

  it('notices flags that npm took for itself', () => {
    const { status, stderr } = spawnSync('npm', ['run', '--silent', 'new', 'shop', '--from', events], {
      cwd: projectDir,
      env: { ...process.env, npm_config_cache: folder },
      encoding: 'utf8',
    });
    expect(stderr).toContain(`npm took --from for itself`);
    expect(stderr).toContain(`npm run new -- shop --from ${events}`);
    expect(status).toBe(2);
  });
});
