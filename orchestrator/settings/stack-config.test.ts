import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from './load-settings.ts';
import { stackConfig } from './stack-config.ts';

const projectDir = '/srv/pipelines/checkout';
const config = (environment: Record<string, string>) =>
  stackConfig(loadSettings({ flags: {}, environment, projectDir }), projectDir, environment);

describe('stackConfig', () => {
  it("takes relative folders from the user's folder, and protects the product's as well", () => {
    const elsewhere = (environment: Record<string, string>) =>
      stackConfig(
        loadSettings({ flags: {}, environment, projectDir }),
        projectDir,
        environment,
        '/opt/medallion-stream',
      );
    expect(elsewhere({})).toMatchObject({
      installDir: '/opt/medallion-stream',
      outputDir: '/srv/pipelines/checkout/data/output',
    });
    for (const folder of ['/opt/medallion-stream', '/opt/medallion-stream/spark-app/x']) {
      expect(() => elsewhere({ OUTPUT_DIR: folder }), folder).toThrow(/not for this stack alone/);
    }
  });

  it('takes relative folders from the checkout', () => {
    expect(config({})).toMatchObject({
      outputDir: '/srv/pipelines/checkout/data/output',
      runDir: '/srv/pipelines/checkout/data/run',
    });
  });

  it.each([
    '/',
    '/etc',
    '.',
    '..',
    './data',
    './spark-app',
    './producer/out',
    homedir(),
    tmpdir(),
    '/srv/pipelines',
    '/proc/x/y',
    '/sys/x/y',
  ])('refuses OUTPUT_DIR=%j, which is not a folder of its own', (folder) => {
    expect(() => config({ OUTPUT_DIR: folder })).toThrow(/OUTPUT_DIR=.* not for this stack alone/);
  });

  it.each(['/', 'file:///', '.', './data', './docs/x', homedir(), tmpdir(), './data/run/parquet'])(
    'refuses OUTPUT_PATH=%j, where the job would write among other things',
    (path) => {
      expect(() => config({ OUTPUT_PATH: path })).toThrow(/OUTPUT_PATH=.* not for this stack alone/);
    },
  );

  it.each([
    './data/output/parquet',
    './data/output',
    '/opt/spark-output/parquet',
    '/data',
    'hdfs://name/x',
    's3a://b/x',
  ])('takes OUTPUT_PATH=%j', (path) => {
    expect(config({ OUTPUT_PATH: path }).settings.OUTPUT_PATH).toBe(path);
  });

  it.each(['s3a://b/', 's3a://b', 'hdfs://host:8020/', 'hdfs:///', 's3a:b/x'])(
    'refuses OUTPUT_PATH=%j, no folder below a root, which the job would refuse',
    (path) => {
      expect(() => config({ OUTPUT_PATH: path })).toThrow(/OUTPUT_PATH=.* names no folder below the root/);
    },
  );

  it('refuses an output folder in the run folder and the other way round', () => {
    expect(() => config({ OUTPUT_DIR: './data/run/output' })).toThrow('lie in one another');
    expect(() => config({ RUN_DIR: './data/output/run' })).toThrow('lie in one another');
  });

  it('caches below XDG_CACHE_HOME when that is an absolute path, as the XDG specification asks', () => {
    expect(config({ XDG_CACHE_HOME: '/var/cache/me' }).cacheDir).toBe('/var/cache/me/medallion-stream');
    expect(config({ XDG_CACHE_HOME: 'relative' }).cacheDir).toBe(
      join(homedir(), '.cache', 'medallion-stream'),
    );
  });
});
