import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testingEngine } from '../../../tests/support/testing-engine.ts';
import { loadSettings } from '../../settings/load-settings.ts';
import { engineConnection } from './engine.ts';
import { emptyImage, unseenByEngine } from './shared-folders.ts';

const { engine, declined } = await testingEngine();

let folder: string;
let config: Parameters<typeof unseenByEngine>[1];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shared-folders-'));
  const projectDir = join(folder, 'checkout');
  mkdirSync(join(projectDir, 'spark-app'), { recursive: true });
  mkdirSync(join(folder, 'orders'));
  const settings = loadSettings({
    flags: { PIPELINE: join(folder, 'orders') },
    environment: {},
    projectDir,
  });
  config = { installDir: projectDir, projectDir, outputDir: join(folder, 'made', 'later'), settings };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(!engine)(
  `an engine that sees this machine's folders${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    it('is found to see them, and the check leaves nothing behind', async () => {
      if (!engine) throw new Error('no engine');
      const { docker } = engine;
      expect(await unseenByEngine(docker, config)).toBeUndefined();
      expect(readdirSync(folder, { recursive: true }).toSorted()).toEqual([
        'checkout',
        'checkout/spark-app',
        'orders',
      ]);
      const left = await docker.listContainers({ all: true });
      expect(left.filter(({ Command }) => Command === 'never-started')).toEqual([]);
    });

    it('can be checked with an image that needs no download', async () => {
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

it.each([
  ['of the job', 0, () => join(config.projectDir, 'spark-app')],
  ['of the pipeline', 1, () => join(folder, 'orders')],
])('an engine that does not see the folder %s is named with it', async (_whose, at, unseenFolder) => {
  const socket = join(folder, 'docker.sock');
  const server = createServer((request, response) => {
    if (request.url?.includes('/images/json')) return response.end('[{"Id":"any"}]');
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { HostConfig } = JSON.parse(body) as { HostConfig: { Mounts: { Source: string }[] } };
      const message = `invalid mount config for type "bind": bind source path does not exist: ${HostConfig.Mounts[at]?.Source}`;
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ message }));
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    const unseen = await unseenByEngine(engineConnection(`unix://${socket}`), config);
    expect(unseen).toContain(`the engine does not see ${unseenFolder()} as this command does`);
    expect(readdirSync(unseenFolder())).toEqual([]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
