import { expect, test } from 'vitest';
import { javaNetworkOptions } from './certificates.ts';

const proxies = (environment: Record<string, string>) =>
  javaNetworkOptions(environment).filter((option) => !option.includes('Timeout'));

test('waits for servers are bounded', () => {
  expect(javaNetworkOptions({})).toHaveLength(2);
});

test('the proxies of the environment become those of Java, without their passwords', () => {
  expect(
    proxies({ HTTPS_PROXY: 'http://me:secret@proxy.example:3128', http_proxy: 'proxy.example' }),
  ).toEqual([
    '-Dhttps.proxyHost=proxy.example',
    '-Dhttps.proxyPort=3128',
    '-Dhttp.proxyHost=proxy.example',
    '-Dhttp.proxyPort=80',
  ]);
});

test('NO_PROXY names hosts and the domains below them', () => {
  const environment = { HTTPS_PROXY: 'http://proxy.example:1', NO_PROXY: 'localhost, .corp.example' };
  expect(proxies(environment)).toContain(
    '-Dhttp.nonProxyHosts=localhost|*.localhost|*.corp.example|127.*|[::1]',
  );
  expect(proxies({ NO_PROXY: 'localhost' })).toEqual([]);
});
