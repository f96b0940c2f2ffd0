import { type IncomingHttpHeaders, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { snapshotWith } from '../../tests/support/snapshots.ts';
import type { Notice } from '../model/notice.ts';
import { NoAnswer, type Reader } from '../reader/reader.ts';
import { EventStream } from './event-stream.ts';
import { httpServer } from './http-server.ts';
import type { PageFile } from './page-files.ts';

const text = (body: string): PageFile => {
  const bytes = new Uint8Array(Buffer.from(body));
  return { type: 'text/html; charset=utf-8', body: bytes, gzipped: bytes, etag: '"tag"' };
};

let events: EventStream;
let server: Server;
let port: number;
let told: Notice[];
beforeEach(async () => {
  const snapshot = () => snapshotWith({ eventId: events.lastId });
  events = new EventStream({ epoch: 'e', mostClients: 5, snapshot: () => JSON.stringify(snapshot()) });
  const files = new Map([['/', text('<title>page</title>')]]);
  told = [];
  const ask: Reader['ask'] = async (name, question) => {
    if (name === 'sql') throw new NoAnswer('refused', 'It is not a query.');
    if (name === 'gold') throw new NoAnswer('busy', 'others are being read');
    return [name, question] as never;
  };
  const verify = (deep: boolean) => deep;
  const take = (notice: Notice) => void told.push(notice);
  server = httpServer({ snapshot, events, files, ask, verify, take });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  events.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', sent = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const host = `localhost:${port}`;
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers: { host, ...headers } },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          body += chunk;
          if (path === '/api/stream' && body.includes('\n\nevent: ')) answer.destroy();
        });
        answer.on('close', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
      },
    );
    asked.on('error', reject);
    asked.end(sent);
  });
}

describe('the server', () => {
  it('answers health, snapshot, metrics and page', async () => {
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: '{"status":"ok"}' });
    expect(JSON.parse((await ask('/api/snapshot')).body)).toEqual(snapshotWith({ eventId: 'e-0' }));
    const metrics = await ask('/metrics');
    expect(metrics.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(metrics.body).toContain('medallion_ready 1\n');
    expect((await ask('/')).body).toBe('<title>page</title>');
  });

  it('answers with the newest rows of an output, and of nothing else', async () => {
    expect(await ask('/api/rows/bronze')).toMatchObject({
      status: 200,
      body: '["rows",{"output":"bronze"}]',
    });
    for (const path of ['silver%20--sql', '..', '--sql', 'gold;']) {
      expect((await ask(`/api/rows/${path}`)).status, path).toBe(404);
    }
  });

  const post = (path: string, body: string, type = 'application/json') =>
    ask(path, { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }, 'POST', body);

  it('says why there is no answer', async () => {
    expect(await ask('/api/gold/gold')).toMatchObject({
      status: 503,
      body: '{"error":"others are being read"}',
    });
    expect((await ask('/api/gold/silver')).status).toBe(404);
    expect(await ask('/api/rejected')).toMatchObject({ status: 200, body: '["rejected",{}]' });
    expect(await post('/api/sql', '{"sql":"DROP TABLE silver"}')).toMatchObject({
      status: 400,
      body: '{"error":"It is not a query."}',
    });
  });

  it('starts a verification, one at a time', async () => {
    expect(await post('/api/verify', '{"deep":true}')).toMatchObject({ status: 202 });
    expect(await post('/api/verify', '{}')).toMatchObject({
      status: 409,
      body: '{"error":"a verification is running already"}',
    });
  });

  it('takes what a command tells', async () => {
    const fault = { kind: 'chaos', text: 'kill driver' };
    expect(await post('/api/notices', JSON.stringify(fault))).toMatchObject({ status: 204 });
    expect(told).toEqual([fault]);
  });

  it.each([
    ['/api/sql', ''],
    ['/api/sql', '{'],
    ['/api/sql', 'null'],
    ['/api/sql', '{"sql":""}'],
    ['/api/sql', '{"sql":7}'],
    ['/api/sql', '{"sql":"FROM silver","file":"/etc/passwd"}'],
    ['/api/verify', '{"deep":"yes"}'],
    ['/api/notices', '{"kind":"service","text":"kafka is ready"}'],
    ['/api/notices', '{"kind":"chaos","text":""}'],
    ['/api/notices', `{"kind":"chaos","text":"${'x'.repeat(501)}"}`],
    ['/api/notices', '{"kind":"verify","outcome":{"equal":true}}'],
  ])('refuses %s with the body %j', async (path, body) => {
    expect((await post(path, body)).status).toBe(400);
    expect(told).toEqual([]);
  });

  it('refuses a body that is too long, or of a type that every page can send', async () => {
    const long = JSON.stringify({ sql: `SELECT '${'x'.repeat(70_000)}'` });
    expect((await post('/api/sql', long)).status).toBe(413);
    expect((await post('/api/sql', '{"sql":"FROM silver"}', 'text/plain')).status).toBe(415);
    expect((await post('/api/snapshot', '{}')).status).toBe(405);
  });

  it('sends a snapshot, then changes', async () => {
    const { headers, body } = await ask('/api/stream');
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(body).toMatch(/^retry: 1000\n\nevent: snapshot\nid: e-0\ndata: \{"at":/);
  });

  it('continues after the last event that a client has', async () => {
    events.change('{"n":1}');
    events.change('{"n":2}');
    const { body } = await ask('/api/stream', { 'Last-Event-ID': 'e-1' });
    expect(body).toBe('retry: 1000\n\nevent: change\nid: e-2\ndata: {"n":2}\n\n');
  });

  it.each(['/', '/healthz', '/api/snapshot', '/api/stream', '/metrics', '/nothing'])(
    'has its security headers at %s, and none of CORS',
    async (path) => {
      const { headers } = await ask(path);
      expect(headers).toMatchObject({
        'content-security-policy': expect.stringContaining("default-src 'none'"),
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(Object.keys(headers).join()).not.toContain('access-control');
    },
  );

  it.each([
    [{ host: 'evil.example' }, 403],
    [{ origin: 'http://evil.example' }, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
  ] as const)('refuses a request with %j everywhere but where a link may lead', async (headers, status) => {
    for (const path of ['/api/snapshot', '/api/stream', '/metrics', '/healthz']) {
      expect(await ask(path, headers)).toMatchObject({ status });
    }
  });

  it('refuses to be written to', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await ask('/api/snapshot', {}, method)).status).toBe(405);
    }
  });

  it.each([
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '/page/../../package.json',
    '//etc/passwd',
  ])('serves nothing at %s', async (path) => expect((await ask(path)).status).toBe(404));

  it('lets a browser keep the page', async () => {
    expect(await ask('/', { 'if-none-match': '"tag"' })).toMatchObject({ status: 304, body: '' });
  });

  it('bounds its pages, and says so to the next', async () => {
    const sockets = await Promise.all(Array.from({ length: 5 }, () => streaming()));
    await expect.poll(() => events.clients).toBe(5);
    expect(await ask('/api/stream')).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    for (const socket of sockets) socket.destroy();
  });

  it('is still there after a thousand connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => streaming()));
    expect(events.clients).toBeLessThanOrEqual(5);
    for (const socket of sockets) socket.destroy();
    await expect.poll(async () => (await ask('/healthz').catch(() => undefined))?.status).toBe(200);
  });

  /** A connection that asks for the events, whether or not it gets them. */
  async function streaming(): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    socket.write(`GET /api/stream HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
    socket.resume();
    return socket;
  }
});
