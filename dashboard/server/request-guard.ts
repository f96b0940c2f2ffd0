/** The parts of a request by which it is accepted or refused. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which browsers set and pages cannot. */
  readonly site: string | undefined;
  /** `Content-Type` of a body. */
  readonly type: string | undefined;
}

/** Why a request gets no answer. */
interface Refusal {
  readonly status: 403 | 405 | 415;
  /** One sentence. */
  readonly message: string;
}

/**
 * The names of this machine itself. Any other name in `Host` means that a foreign page had its own
 * name resolved to this address (DNS rebinding).
 */
const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** What can be asked to be done. */
export const TAKES_POST: ReadonlySet<string> = new Set(['/api/sql', '/api/verify', '/api/notices']);

/**
 * Accepts a request of this machine's own programs and of the page itself. Browsers send `Origin`
 * with requests that scripts of another page make, and `Sec-Fetch-Site` with all requests; programs
 * send neither.
 * @returns why the request is refused; undefined when it is accepted
 */
export function refusalOf({ method, path, host, origin, site, type }: RequestHead): Refusal | undefined {
  if (host === undefined || !LOOPBACK_HOST.test(host)) {
    return refused(403, 'Only requests to localhost, 127.0.0.1 or [::1] are answered.');
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    return refused(403, 'Requests of other pages are not answered.');
  }
  // A link on another page may lead to the page, but nothing of it may be embedded or read.
  if (path !== '/' && site !== undefined && site !== 'same-origin' && site !== 'none') {
    return refused(403, 'Requests of other pages are not answered.');
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  if (method !== 'POST' || !TAKES_POST.has(path)) {
    return refused(405, `Only GET and HEAD are answered, and POST at ${[...TAKES_POST].join(', ')}.`);
  }
  // No page can send this type to another server without asking first, which is refused.
  if (!/^application\/json\s*(;|$)/i.test(type ?? '')) {
    return refused(415, 'The body must be application/json.');
  }
  return undefined;
}

const refused = (status: Refusal['status'], message: string): Refusal => ({ status, message });

/**
 * The headers of every answer. Scripts and styles come from this server alone, and no text that
 * reached the page could run as a script or send anything elsewhere. There is no header of CORS.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};
