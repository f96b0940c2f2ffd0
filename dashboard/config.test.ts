import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectDir } from '../tests/support/project.ts';
import { readConfig } from './config.ts';

describe('the configuration of the dashboard', () => {
  it('is that of a stack with defaults without any variable', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 5080 },
      broker: { host: 'localhost', port: 9094 },
      topic: 'transactions',
      isolationLevel: 'read_committed',
      triggers: { ingestMs: 30_000, goldMs: 30_000 },
      runtime: 'local',
      services: [],
      runDir: undefined,
    });
    expect(config.outputPath).toBe('/opt/spark-output/parquet');
    expect(config.historyDir).toBe(join(projectDir, 'data', 'run', 'dashboard'));
  });

  it('has what the runtime provides', () => {
    const config = readConfig({
      ...{ DASHBOARD_LISTEN: '0.0.0.0:5080', DASHBOARD_RUNTIME: 'compose', DASHBOARD_RUN_DIR: '/run' },
      ...{
        DASHBOARD_SERVICES: 'kafka=topic producer=records',
        DASHBOARD_PAGES: 'spark-master=18080 spark-worker=8081-8090',
      },
      ...{ KAFKA_BOOTSTRAP_SERVERS: 'kafka:9092', TRIGGER_INTERVAL: '1 second', KAFKA_TOPIC: 'other' },
    });
    expect(config).toMatchObject({
      ...{ listen: { host: '0.0.0.0', port: 5080 }, runtime: 'compose', runDir: '/run', topic: 'other' },
      ...{ broker: { host: 'kafka', port: 9092 }, triggers: { ingestMs: 1000, goldMs: 10_000 } },
      ...{
        urls: { 'spark-master': 'http://localhost:18080', 'spark-worker': 'http://localhost:8081' },
        historyDir: '/run/dashboard',
      },
    });
    expect(config.services.map(({ name }) => name)).toEqual(['kafka', 'producer']);
  });

  it('observes no producer where the stack has none', () => {
    const services = 'kafka=topic producer=records';
    const config = readConfig({ DASHBOARD_SERVICES: services, PRODUCERS: '0' });
    expect(config.services.map(({ name }) => name)).toEqual(['kafka']);
  });

  it.each([
    ['DASHBOARD_LISTEN', '5080'],
    ['DASHBOARD_LISTEN', 'localhost:99999'],
    ['DASHBOARD_SERVICES', 'kafka'],
    ['DASHBOARD_PAGES', 'spark-master=x'],
    ['TRIGGER_INTERVAL', 'soon'],
    ['KAFKA_ISOLATION_LEVEL', 'none'],
  ])('refuses %s=%s', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(`${name}="${value}" is not allowed`);
  });

  it('refuses a pipeline that does not exist', () => {
    expect(() => readConfig({ PIPELINE: 'none' })).toThrow('none');
  });
});
