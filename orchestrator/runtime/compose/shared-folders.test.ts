import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { engineConnection } from './engine.ts';
import { emptyImage, unseenByEngine } from './shared-folders.ts';
import { testingEngine } from './testing/engine.ts';

const { engine, declined } = await testingEngine();

let folder: string;
let config: { projectDir: string; outputDir: string };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-folders-'));
  config = { projectDir: join(folder, 'checkout'), outputDir: join(folder, 'made', 'later') };
  mkdirSync(join(config.projectDir, 'spark-app'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(!engine)(
  `an engine that sees this machine's folders${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    it('is found to see them, and nothing is left of the question', async () => {
      if (!engine) throw new Error('no engine');
      const { docker } = engine;
      expect(await unseenByEngine(docker, config)).toBeUndefined();
      expect(readdirSync(folder, { recursive: true }).toSorted()).toEqual(['checkout', 'checkout/spark-app']);
      const left = await docker.listContainers({ all: true });
      expect(left.filter(({ Command }) => Command === 'never-started')).toEqual([]);
    });

    it('can be asked with an image that needs no download', async () => {
      if (!engine) throw new Error('no engine');
      const { docker } = engine;
      const image = await emptyImage(docker);
      const container = await docker.createContainer({ Image: image.id, Cmd: ['never-started'] });
      await container.remove();
      await image.remove();
      await expect(docker.getImage(image.id).inspect()).rejects.toMatchObject({ statusCode: 404 });
    });
  },
);

it('an engine that does not see a folder is named with it', async () => {
  const socket = join(folder, 'docker.sock');
  const server = createServer((request, response) => {
    if (request.url?.includes('/images/json')) return response.end('[{"Id":"any"}]');
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { HostConfig } = JSON.parse(body) as { HostConfig: { Mounts: { Source: string }[] } };
      const message = `invalid mount config for type "bind": bind source path does not exist: ${HostConfig.Mounts[0]?.Source}`;
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    const unseen = await unseenByEngine(engineConnection(`unix://${socket}`), config);
    expect(unseen).toContain(
      `the engine does not see ${join(config.projectDir, 'spark-app')} as this command does`,
    );
    expect(readdirSync(join(config.projectDir, 'spark-app'))).toEqual([]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
