import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { loadSettings } from '../../settings/load-settings.ts';
import { stackConfig } from '../../settings/stack-config.ts';
import { loopbackProxy } from './compose-cli.ts';

const proxyOf = (environment: Readonly<Record<string, string>>) => {
  const projectDir = tmpdir();
  const folders = { OUTPUT_DIR: '/tmp/proxy/out', RUN_DIR: '/tmp/proxy/run' };
  const settings = loadSettings({ flags: {}, environment: folders, projectDir });
  return loopbackProxy(stackConfig(settings, projectDir, environment));
};

it.each([
  [{ HTTPS_PROXY: 'http://127.0.0.1:3128' }, 'HTTPS_PROXY=127.0.0.1:3128'],
  [{ https_proxy: 'localhost:3128' }, 'https_proxy=localhost:3128'],
  [{ HTTP_PROXY: 'http://me:secret@[::1]:8888/' }, 'HTTP_PROXY=[::1]:8888'],
  [{ HTTPS_PROXY: 'http://proxy.example:3128', HTTP_PROXY: 'http://127.1.2.3:1' }, 'HTTP_PROXY=127.1.2.3:1'],
])('%j is a proxy that containers cannot reach', (environment, expected) => {
  expect(proxyOf(environment as unknown as Record<string, string>)).toBe(expected);
});

it.each([
  {},
  { HTTPS_PROXY: 'http://proxy.example:3128' },
  { HTTPS_PROXY: 'http://proxy.example:3128', https_proxy: 'http://127.0.0.1:3128' },
  { HTTPS_PROXY: 'http://127.0.0.1:3128', NO_PROXY: '*' },
])('%j is none', (environment) => {
  expect(proxyOf(environment as unknown as Record<string, string>)).toBeUndefined();
});
