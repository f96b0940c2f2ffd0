import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadSettings } from '../../settings/load-settings.ts';
import { assertReadableJob } from './preflight.ts';

let checkout: string;
let config: Parameters<typeof assertReadableJob>[0];
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'readable-'));
  mkdirSync(join(checkout, 'spark-app', 'medallion'), { recursive: true });
  writeFileSync(join(checkout, 'spark-app', 'medallion', 'job.py'), '');
  mkdirSync(join(checkout, 'pipelines', 'transactions'), { recursive: true });
  writeFileSync(pipeline(), '');
  const settings = loadSettings({ flags: {}, environment: {}, projectDir: checkout });
  config = { installDir: checkout, projectDir: checkout, settings };
});
afterEach(() => rmSync(checkout, { recursive: true }));

const pipeline = () => join(checkout, 'pipelines', 'transactions', 'pipeline.json');
const job = () => join(checkout, 'spark-app', 'medallion', 'job.py');

it('a job that everybody can read is fine for everybody', () => {
  for (const uid of [0, 1000, 1001]) assertReadableJob(config, { uid, gid: uid });
});

it.each([
  ['a file', () => job(), 0o600],
  ['a folder', () => join(checkout, 'spark-app'), 0o700],
  ["the pipeline's file", pipeline, 0o600],
  ["the pipeline's folder", () => join(checkout, 'pipelines', 'transactions'), 0o700],
])('%s of umask 077 is refused for another user than its owner and root', (_what, path, mode) => {
  chmodSync(path(), mode);
  const { uid, gid } = statSync(job());
  const refused = { code: 'CHECKOUT_NOT_READABLE', exitCode: 2, message: expect.stringContaining(path()) };
  expect(() => assertReadableJob(config, { uid: uid + 1, gid: gid + 1 })).toThrow(
    expect.objectContaining(refused),
  );
  assertReadableJob(config, { uid, gid });
  assertReadableJob(config, { uid: 0, gid: 0 });
});

it('the rights of the group count for one of that group', () => {
  chmodSync(job(), 0o640);
  const { uid, gid } = statSync(job());
  assertReadableJob(config, { uid: uid + 1, gid });
});

it('what a tool left for its user alone does not count', () => {
  const caches = ['.hypothesis', join('medallion', '__pycache__')].map((name) =>
    join(checkout, 'spark-app', name),
  );
  for (const cache of caches) {
    mkdirSync(cache);
    writeFileSync(join(cache, 'constants'), '', { mode: 0o600 });
  }
  const { uid, gid } = statSync(job());
  assertReadableJob(config, { uid: uid + 1, gid: gid + 1 });
});
