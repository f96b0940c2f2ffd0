import type { StackConfig } from '../../config/stack-config.ts';
import { givenVariables } from './compose-variables.ts';

/** Compose's order: docker-compose.yml takes the second name where the first is not set. */
const PROXIES: readonly (readonly [string, string])[] = [
  ['HTTPS_PROXY', 'https_proxy'],
  ['HTTP_PROXY', 'http_proxy'],
];

/**
 * A proxy that only this machine itself can reach: docker-compose.yml hands proxies to the image build and to the driver, where
 * 127.0.0.1 is the container.
 * @returns it as NAME=value without a password, or undefined
 */
export function loopbackProxy(config: StackConfig): string | undefined {
  const given = givenVariables(config);
  const direct = (given('NO_PROXY') ?? given('no_proxy') ?? '').split(',').map((host) => host.trim());
  if (direct.includes('*')) return undefined;
  for (const names of PROXIES) {
    const name = names.find((candidate) => given(candidate) !== undefined);
    const value = name === undefined ? undefined : given(name);
    if (value === undefined) continue;
    const url = value.includes('://') ? value : `http://${value}`;
    if (!URL.canParse(url)) continue;
    const { hostname, host } = new URL(url);
    if (/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return `${name}=${host}`;
  }
  return undefined;
}
