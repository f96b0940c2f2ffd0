import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testingEngine } from '../../../tests/support/testing-engine.ts';
import { portsOf } from '../../services/service.ts';
import { SERVICES } from '../../services/services.ts';
import { loadSettings } from '../../settings/load-settings.ts';
import { stackConfig } from '../../settings/stack-config.ts';
import { composeVariables } from './compose-cli.ts';

const PROJECT_DIR = join(import.meta.dirname, '../../..');
const { engine, declined } = await testingEngine();

/** The fields of `docker compose config` that this test reads. */
interface ComposeConfig {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly ports?: readonly { readonly host_ip: string; readonly published: string }[];
        readonly scale?: number;
        readonly user?: string;
        readonly environment?: Readonly<Record<string, string>>;
        readonly build?: { readonly args: Readonly<Record<string, string>> };
      }
    >
  >;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

describe.skipIf(!engine)(
  `Compose itself accepts docker-compose.yml${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    const configOf = async (environment: Readonly<Record<string, string>>): Promise<ComposeConfig> => {
      const { PATH, HOME } = process.env;
      const { stdout } = await execa(
        'docker',
        ['compose', '--env-file', '/dev/null', 'config', '--format', 'json'],
        { cwd: PROJECT_DIR, env: { PATH, HOME, ...environment }, extendEnv: false },
      );
      return JSON.parse(stdout) as ComposeConfig;
    };

    it('with every variable at its default', async () => {
      const { services, secrets } = await configOf({});
      expect(Object.keys(services).toSorted()).toEqual(SERVICES.map(({ name }) => name).toSorted());
      const ports = Object.values(services).flatMap((one) => one.ports ?? []);
      expect(ports).toHaveLength(portsOf(SERVICES).length);
      expect(new Set(ports.map(({ host_ip }) => host_ip))).toEqual(new Set(['127.0.0.1']));
      expect(secrets['private-ca']?.file).toBe('/dev/null');
    });

    describe('with the variables of the orchestrator', () => {
      let folder: string;
      beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'compose-config-'));
      });
      afterAll(() => rmSync(folder, { recursive: true }));

      it('and settings', async () => {
        const environment = { KAFKA_PORT: '19094', SPARK_WORKERS: '3', OUTPUT_UID: '1234', OUTPUT_GID: '5' };
        const settings = loadSettings({ flags: {}, environment, projectDir: folder });
        const config = stackConfig(settings, folder, {});
        const { services } = await configOf(composeVariables(config, false).environment);
        expect(services['spark-worker']).toMatchObject({
          scale: 3,
          user: '1234:5',
          ports: [{ published: '8081-8083' }],
        });
        expect(services['kafka']?.ports).toMatchObject([{ published: '19094' }]);
      });
    });

    it.each([
      [{ NODE_EXTRA_CA_CERTS: '/a.pem', SSL_CERT_FILE: '/b.pem' }, '/a.pem'],
      [{ SSL_CERT_FILE: '/b.pem', PIP_CERT: '/c.pem' }, '/b.pem'],
      [{ PIP_CERT: '/c.pem' }, '/c.pem'],
    ])('hands %j to the image build and to the driver', async (environment, file) => {
      const { secrets } = await configOf(environment as Record<string, string>);
      expect(secrets['private-ca']?.file).toBe(file);
    });

    it.each([
      { HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://b:2', NO_PROXY: 'c' },
      { https_proxy: 'http://a:1', http_proxy: 'http://b:2', no_proxy: 'c' },
    ])('hands %j to the image build and to the driver', async (environment) => {
      const { services } = await configOf(environment as unknown as Record<string, string>);
      const expected = { HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'http://b:2', NO_PROXY: 'c' };
      expect(services['producer']?.build?.args).toMatchObject(expected);
      expect(services['spark-streaming']?.environment).toMatchObject(expected);
    });
  },
);
