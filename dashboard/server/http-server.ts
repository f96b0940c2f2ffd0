import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { METRICS_TYPE, metricsText } from '../model/metrics-text.ts';
import { type Notice, notice } from '../model/notice.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { NoAnswer, type Reader } from '../reader/reader.ts';
import type { EventStream } from './event-stream.ts';
import type { PageFile } from './page-files.ts';
import { refusalOf, SECURITY_HEADERS } from './request-guard.ts';

/** Connections at most, of pages, scrapers and whatever else: further ones are closed at once. */
const MOST_CONNECTIONS = 200;

/** How long a request may take to arrive, so that slow ones do not hold connections. */
const REQUEST_TIMEOUT_MS = 10_000;

/** What the server shows. */
interface ServerContent {
  snapshot(): Snapshot;
  readonly events: EventStream;
  readonly files: ReadonlyMap<string, PageFile>;
  /** Answers a question about the outputs. @throws NoAnswer */
  readonly ask: Reader['ask'];
  /** Starts a verification. @returns false while one runs */
  verify(deep: boolean): boolean;
  /** Takes what a command tells. */
  take(notice: Notice): void;
}

const NO_ANSWER = { busy: 503, refused: 400, failed: 500 } as const;

/** Bytes of a body at most; a query may be long. */
const MOST_BODY_BYTES = 64 * 1024;

const sqlBody = z.strictObject({ sql: z.string().min(1) });
const verifyBody = z.strictObject({ deep: z.boolean().default(false) });

/**
 * The HTTP server: the page and its API. Every answer has the security headers, every
 * request passes the guard.
 */
export function httpServer({ snapshot, events, files, ask, verify, take }: ServerContent): Server {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(async (context, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.header(name, value);
    context.header('Cache-Control', 'no-store');
    const { incoming } = context.env;
    const refusal = refusalOf({
      method: context.req.method,
      path: context.req.path,
      host: incoming.headers.host,
      origin: incoming.headers.origin,
      site: context.req.header('sec-fetch-site'),
      type: context.req.header('content-type'),
    });
    if (refusal) return context.text(`${refusal.message}\n`, refusal.status);
    return next();
  });
  app.get('/healthz', (context) => context.json({ status: 'ok' }));
  app.get('/api/snapshot', (context) => context.json(snapshot()));
  app.get('/api/rows/:output', (context) => {
    const output = context.req.param('output');
    if (!snapshot().outputs.sinks.some(({ name }) => name === output)) return context.notFound();
    return answered(context, () => ask('rows', { output }));
  });
  app.get('/api/gold/:table', (context) => {
    const table = context.req.param('table');
    if (!snapshot().gold.some(({ table: name }) => name === table)) return context.notFound();
    return answered(context, () => ask('gold', { table }));
  });
  app.get('/api/rejected', (context) => answered(context, () => ask('rejected', {})));
  app.use(
    '/api/*',
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: (context) => context.json({ error: `a body has at most ${MOST_BODY_BYTES} bytes` }, 413),
    }),
  );
  app.post('/api/sql', (context) =>
    withBody(context, sqlBody, ({ sql }) => answered(context, () => ask('sql', { sql }))),
  );
  app.post('/api/verify', (context) =>
    withBody(context, verifyBody, ({ deep }) =>
      verify(deep)
        ? context.json({ started: true }, 202)
        : context.json({ error: 'a verification is running already' }, 409),
    ),
  );
  app.post('/api/notices', (context) =>
    withBody(context, notice, (told) => {
      take(told);
      return context.body(null, 204);
    }),
  );
  app.get('/metrics', (context) => {
    const facts = { clients: events.clients, residentBytes: process.memoryUsage.rss() };
    return context.body(metricsText(snapshot(), facts), 200, { 'Content-Type': METRICS_TYPE });
  });
  app.get('/api/stream', (context) => {
    const { outgoing } = context.env;
    if (context.req.method === 'HEAD') return context.body(null);
    if (connect(events, context.req.header('last-event-id'), outgoing as ServerResponse)) {
      return RESPONSE_ALREADY_SENT;
    }
    return context.text('Too many pages are open.\n', 503, { 'Retry-After': '10' });
  });
  for (const [path, file] of files) {
    app.get(path, (context) => {
      context.header('Cache-Control', 'no-cache');
      context.header('ETag', file.etag);
      context.header('Vary', 'Accept-Encoding');
      if (context.req.header('if-none-match') === file.etag) return context.body(null, 304);
      const takesGzip = /\bgzip\b/.test(context.req.header('accept-encoding') ?? '');
      if (takesGzip) context.header('Content-Encoding', 'gzip');
      return context.body(takesGzip ? file.gzipped : file.body, 200, { 'Content-Type': file.type });
    });
  }
  app.notFound((context) => context.text('There is nothing here.\n', 404));
  app.onError((_error, context) => context.text('The request could not be answered.\n', 500));

  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
  }) as Server<typeof IncomingMessage, typeof ServerResponse>;
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

/** The answer of the reader, or why there is none. */
async function answered(context: Context, ask: () => Promise<object>): Promise<Response> {
  try {
    return context.json(await ask());
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return context.json({ error: error.message }, NO_ANSWER[error.reason]);
  }
}

/** Reads a body, which is refused where it has another form. */
async function withBody<T>(
  context: Context,
  form: z.ZodType<T>,
  use: (body: T) => Response | Promise<Response>,
): Promise<Response> {
  const body: unknown = await context.req.json().catch(() => undefined);
  const read = form.safeParse(body);
  if (read.success) return use(read.data);
  const [issue] = read.error.issues;
  const at = issue?.path.join('.') || 'the body';
  return context.json({ error: `${at}: ${issue?.message ?? 'not allowed'}` }, 400);
}

/** The head is written here, since the events are written to the connection itself. */
function connect(events: EventStream, lastEventId: string | undefined, response: ServerResponse): boolean {
  if (!events.hasRoom) return false;
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'Cache-Control': 'no-store',
    'Content-Type': 'text/event-stream; charset=utf-8',
  });
  events.connect(response, lastEventId);
  return true;
}
