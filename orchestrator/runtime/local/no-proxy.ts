/** The machine itself, as our services name it. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * NO_PROXY with the machine itself in it: our services speak with one another directly, whatever proxy leads to the network.
 * @param noProxy the caller's, names separated by commas
 */
export function withLoopback(noProxy: string | undefined): string {
  const names = (noProxy ?? '').split(',').flatMap((name) => name.trim() || []);
  return [...names, ...LOOPBACK.filter((name) => !names.includes(name))].join(',');
}

/** The caller's NO_PROXY; programs look for the lower case first. */
export function noProxyOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  return environment['no_proxy'] || environment['NO_PROXY'];
}
