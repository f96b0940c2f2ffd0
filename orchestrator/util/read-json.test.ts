import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { readJson } from './readiness.ts';

const never = new AbortController().signal;

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

test('a page is read without the proxy that fetch would take', async () => {
  // What NODE_USE_ENV_PROXY does to fetch where a proxy is dead.
  vi.stubGlobal('fetch', () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:9')));
  onTestFinished(() => void vi.unstubAllGlobals());
  const address = await serve((_request, response) => response.end('{"status":"ALIVE"}'));
  expect(await readJson(address, '/json/', never)).toEqual({ status: 'ALIVE' });
});

test('an answer other than 200, none at all, and an abort are errors', async () => {
  const gone = await serve((_request, response) => response.writeHead(404).end());
  await expect(readJson(gone, '/', never)).rejects.toThrow('its page answers with HTTP 404');
  const silent = await serve(() => undefined);
  await expect(readJson(silent, '/', AbortSignal.timeout(100))).rejects.toThrow();
});
