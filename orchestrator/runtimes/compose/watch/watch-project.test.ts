import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LightProject } from '../../../../tests/support/light-project.ts';
import { testingEngine } from '../../../../tests/support/testing-engine.ts';
import type { ServiceName } from '../../../services/service-name.ts';
import { SERVICE_NAMES, SERVICES } from '../../../services/services.ts';
import { engineConnection } from '../engine.ts';
import { watchProject } from './watch-containers.ts';

const { engine, declined } = await testingEngine();
const isLocalSocket = engine?.host.startsWith('unix://') ?? false;

describe.skipIf(!isLocalSocket)(
  `the watch over a project (${declined === undefined ? 'through the engine’s socket' : `not tried: ${declined}`})`,
  () => {
    let folder: string;
    let project: LightProject;
    let dispose: () => Promise<void>;
    let relay: Relay;
    beforeEach(async () => {
      if (!engine) throw new Error('no engine');
      folder = mkdtempSync(join(tmpdir(), 'watch-'));
      const idle = 'trap "exit 143" TERM; sleep 1000 & wait';
      const scripts = Object.fromEntries(SERVICE_NAMES.map((name) => [name, idle]));
      project = await LightProject.create(engine, {
        scripts: scripts as Record<ServiceName, string>,
        graceMs: 500,
      });
      let disposed: Promise<void> | undefined;
      dispose = () => {
        disposed ??= project.dispose();
        return disposed;
      };
      relay = new Relay(join(folder, 'docker.sock'), engine.host.replace('unix://', ''));
      await relay.open();
    });
    afterEach(async () => {
      await dispose();
      await relay.close();
      rmSync(folder, { recursive: true });
    });

    it('continues when the engine has been away, and ends with the last container', async () => {
      const runtime = project.runtime();
      await runtime.start('kafka', new AbortController().signal);
      await runtime.close();
      const lines: string[] = [];
      const docker = engineConnection(`unix://${relay.path}`);
      const watch = watchProject(docker, project.name, SERVICES, (line) => lines.push(line));
      await expect.poll(() => lines, { timeout: 10_000 }).toEqual([`watching ${project.name}`]);
      await relay.close();
      await expect.poll(() => lines, { timeout: 10_000 }).toContain('the engine has gone');
      await relay.open();
      const watching = () => lines.filter((line) => line === `watching ${project.name}`).length;
      await expect.poll(watching, { timeout: 10_000 }).toBe(2);
      await dispose();
      await watch;
      expect(lines.at(-1)).toBe('no container is left');
    });
  },
);

/** A socket in front of the engine's that can be removed, as a restart of the engine does. */
class Relay {
  readonly path: string;
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
  }

  async open(): Promise<void> {
    const server = createServer((near) => {
      const far = connect(this.#target);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined);
      }
      near.pipe(far);
      far.pipe(near);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await closed;
  }
}
