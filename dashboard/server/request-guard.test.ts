import { describe, expect, it } from 'vitest';
import { type RequestHead, refusalOf, SECURITY_HEADERS, TAKES_POST } from './request-guard.ts';

const request = (head: Partial<RequestHead> = {}): RequestHead => ({
  method: 'GET',
  path: '/api/snapshot',
  host: 'localhost:5080',
  origin: undefined,
  site: undefined,
  type: undefined,
  ...head,
});

const posted = (head: Partial<RequestHead> = {}): RequestHead =>
  request({ method: 'POST', path: '/api/sql', type: 'application/json', ...head });

describe('a request', () => {
  it.each(['localhost:5080', '127.0.0.1:5080', '[::1]:5080', 'LOCALHOST', 'localhost:80'])(
    'to %s is answered',
    (host) => expect(refusalOf(request({ host }))).toBeUndefined(),
  );

  it.each([
    'evil.example',
    'evil.example:5080',
    'localhost.evil.example',
    'localhost:5080.evil.example',
    'localhost@evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1:5080',
    '0.0.0.0:5080',
    '',
    undefined,
  ])('to %s is refused', (host) => expect(refusalOf(request({ host }))).toMatchObject({ status: 403 }));

  it('of the page itself is answered', () => {
    const own = { origin: 'http://localhost:5080', site: 'same-origin' };
    expect(refusalOf(request(own))).toBeUndefined();
  });

  it.each(['http://evil.example', 'https://localhost:5080', 'http://localhost:3000', 'null', ''])(
    'of a page of %s is refused',
    (origin) => expect(refusalOf(request({ origin }))).toMatchObject({ status: 403 }),
  );

  it.each(['cross-site', 'same-site'])('that a browser calls %s is refused', (site) => {
    expect(refusalOf(request({ site }))).toMatchObject({ status: 403 });
  });

  it('that follows a link on another page is answered with the page', () => {
    expect(refusalOf(request({ path: '/', site: 'cross-site' }))).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('with %s is refused', (method) => {
    expect(refusalOf(request({ method }))).toMatchObject({ status: 405 });
  });

  it.each([...TAKES_POST])('with POST is answered at %s', (path) => {
    expect(refusalOf(posted({ path, type: 'application/json; charset=utf-8' }))).toBeUndefined();
  });

  it.each([undefined, '', 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'with POST of the type %s, which every page can send, is refused',
    (type) => expect(refusalOf(posted({ type }))).toMatchObject({ status: 415 }),
  );

  it('with POST of another page is refused', () => {
    expect(refusalOf(posted({ origin: 'http://evil.example' }))).toMatchObject({ status: 403 });
    expect(refusalOf(posted({ site: 'cross-site' }))).toMatchObject({ status: 403 });
    expect(refusalOf(posted({ host: 'evil.example' }))).toMatchObject({ status: 403 });
  });
});

it('the policy of the page allows no inline script and nothing from elsewhere', () => {
  const policy = SECURITY_HEADERS['Content-Security-Policy'];
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(Object.keys(SECURITY_HEADERS).join()).not.toMatch(/access-control/i);
});
