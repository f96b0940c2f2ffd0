import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { loadSettings } from '../settings/load-settings.ts';
import { dashboard, watchedServices } from './dashboard.ts';
import type { ServiceView } from './service.ts';
import { SERVICE_NAMES } from './services.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

it('observes every service, in the order of their start', () => {
  const settings = loadSettings({ flags: {}, environment: {}, projectDir: '/nonexistent' });
  expect(watchedServices(settings).map(({ name }) => name)).toEqual(SERVICE_NAMES);
});

it.each([
  ['{"status":"ok"}', true],
  ['{"status":"other"}', false],
  ['null', false],
])('is ready when it answers, and not when another program answers %s', async (answer, isReady) => {
  server = createServer((_request, response) => response.end(answer));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const view = { addressOf: () => ({ host: '127.0.0.1', port }) } as unknown as ServiceView;
  const { ready } = await dashboard.readiness(view).check(AbortSignal.timeout(2000));
  expect(ready).toBe(isReady);
});
