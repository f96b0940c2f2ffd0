import { ProductError } from '../../../core/product-error.ts';
import type { ToolEnd } from './run-tool.ts';

/** What the tools' last words mean, the most telling first: a full disk also breaks downloads. */
const REASONS: readonly { readonly pattern: RegExp; readonly reason: string; readonly hint: string }[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|ENOSPC/i,
    reason: 'the disk is full',
    hint: 'Free some space, or put the cache on another disk with XDG_CACHE_HOME (transient files go there too)',
  },
  {
    pattern: /CERTIFICATE_VERIFY_FAILED|PKIX path|SSLHandshakeException|unable to find valid certification/i,
    reason: "the server's certificate is not trusted",
    hint: 'If this network has a certificate authority of its own, name its PEM file in NODE_EXTRA_CA_CERTS',
  },
  {
    pattern: /\b407\b|Proxy Authentication Required/i,
    reason: 'the proxy asked for a password',
    hint: 'Check HTTPS_PROXY; for Java, use a proxy without a password or a mirror (IVY_SETTINGS_FILE)',
  },
  {
    pattern:
      /name resolution|Name or service not known|getaddrinfo|nodename nor servname|UnknownHost|Host \S+ not found|Connection ?refused|unreachable|No route to host|timed? ?out|establish a new connection|ProxyError|ConnectException|Connection ?reset/i,
    reason: 'there was no connection to the package registry',
    hint: 'Check the network, or HTTPS_PROXY, or the mirror you use (PIP_INDEX_URL, IVY_SETTINGS_FILE)',
  },
  {
    pattern: /\b40[13]\b.*(Unauthori[sz]ed|Forbidden|Client Error)|(Unauthori[sz]ed|Forbidden)/i,
    reason: 'the package registry refused access',
    hint: 'Check the credentials of the mirror you use (PIP_INDEX_URL, IVY_SETTINGS_FILE)',
  },
  {
    pattern: /No matching distribution|Could not find a version|unresolved dependenc|UNRESOLVED/i,
    reason: 'the package registry does not have it for this machine',
    hint: 'Check SPARK_VERSION, and that the mirror you use (PIP_INDEX_URL, IVY_SETTINGS_FILE) carries it',
  },
];

const TAIL_LINES = 20;

/** The error of a tool that failed to bring something: why, from what it wrote, with its own last lines. */
export function toolFailure(subject: string, tool: string, end: ToolEnd): ProductError {
  const output = end.lines.join('\n');
  const known = REASONS.find(({ pattern }) => pattern.test(output));
  const ending = `${tool} ended with ${end.detail} after ${Math.round(end.elapsedMs / 1000)} s`;
  return new ProductError('PROVISION_FAILED', {
    message: `${subject} could not be brought to the cache: ${known ? `${known.reason} (${ending})` : ending}.`,
    hint: `${known?.hint ?? 'See the lines above'}, then run \`npm run up\` again; finished downloads are kept.`,
    logTail: end.lines.filter((line) => line.trim() !== '').slice(-TAIL_LINES),
  });
}
