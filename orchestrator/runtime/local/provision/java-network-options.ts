import { noProxyOf } from '../no-proxy.ts';

/** How long Ivy waits for a server to take the connection, and between two pieces of an answer. */
const CONNECT_TIMEOUT_MS = 15_000;
const READ_TIMEOUT_MS = 60_000;

/**
 * JVM options for downloads: bounds, which Java has none of by default, and the proxies of HTTPS_PROXY, HTTP_PROXY and
 * NO_PROXY, which it does not read. A proxy's password is not passed on: command lines are public on a machine.
 * Source: "Networking Properties" of the Java platform.
 */
export function javaNetworkOptions(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const value = (name: string) => environment[name.toLowerCase()] || environment[name];
  const https = proxyOptions('https', value('HTTPS_PROXY'));
  const http = proxyOptions('http', value('HTTP_PROXY'));
  const direct = noProxyOf(environment);
  return [
    `-Dsun.net.client.defaultConnectTimeout=${CONNECT_TIMEOUT_MS}`,
    `-Dsun.net.client.defaultReadTimeout=${READ_TIMEOUT_MS}`,
    ...https,
    ...http,
    ...(direct && https.length + http.length > 0 ? [`-Dhttp.nonProxyHosts=${nonProxyHosts(direct)}`] : []),
  ];
}

function proxyOptions(scheme: 'http' | 'https', proxy: string | undefined): string[] {
  if (!proxy) return [];
  const address = proxy.includes('://') ? proxy : `http://${proxy}`;
  if (!URL.canParse(address)) return [];
  const url = new URL(address);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return [`-D${scheme}.proxyHost=${url.hostname}`, `-D${scheme}.proxyPort=${port}`];
}

/** What Java takes for itself when nothing is named; what is named replaces it. */
const JAVA_DEFAULT = ['localhost', '127.*', '[::1]'];

/** `.corp.example,localhost` as `*.corp.example|localhost`; a name stands for the domain below it, too, as with other tools. */
function nonProxyHosts(direct: string): string {
  const hosts = direct
    .split(',')
    .map((host) => host.trim())
    .filter((host) => host !== '')
    .flatMap((host) => (host.startsWith('.') ? [`*${host}`] : host === '*' ? ['*'] : [host, `*.${host}`]));
  return [...new Set([...hosts, ...JAVA_DEFAULT])].join('|');
}
