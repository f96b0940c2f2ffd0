import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SERVICE_NAMES } from '../../services/services.ts';
import { engineConnection } from './engine.ts';
import { StackContainers } from './stack-containers.ts';

let folder: string;
let socket: string;
let containers: StackContainers;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'containers-'));
  socket = join(folder, 'docker.sock');
  containers = new StackContainers(engineConnection(`unix://${socket}`), 'a-project', SERVICE_NAMES);
});
afterEach(async () => {
  containers.close();
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  rmSync(folder, { recursive: true });
});

/** An engine without containers, whose stream of events stays open. */
async function engine(): Promise<void> {
  server = createServer((request, response) => {
    if (request.url?.includes('/events')) response.writeHead(200).flushHeaders();
    else response.end('[]');
  });
  await new Promise<void>((resolve) => server?.listen(socket, resolve));
}

it('an engine that refused a connection is asked again by the next call', async () => {
  await expect(containers.list()).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(containers.onEvent(() => undefined)).rejects.toMatchObject({ code: 'ENOENT' });
  await engine();
  expect(await containers.list()).toEqual([]);
  (await containers.onEvent(() => undefined))();
});
