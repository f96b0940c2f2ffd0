import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askEngine, type Environment } from './compose/engine.ts';
import { detectRuntime, requireEngine } from './detect.ts';

const DOCKER = { Version: '27.0.1', Components: [{ Name: 'Engine' }] };
const LINUX = { OSType: 'linux', SecurityOptions: ['name=seccomp,profile=builtin'] };

describe('the runtime that a machine has', () => {
  let folder: string;
  let socket: string;
  let server: Server | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'detect-'));
    socket = join(folder, 'docker.sock');
  });
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    await rm(folder, { recursive: true });
  });

  /** An engine's API at the socket; with `undefined` it never answers. */
  const engine = async (version: object | undefined, info: object = LINUX, afterMs = 0) => {
    server = createServer((request, response) => {
      if (version === undefined) return;
      response.setHeader('content-type', 'application/json');
      const answer = JSON.stringify(request.url?.endsWith('/info') ? info : version);
      setTimeout(() => response.end(answer), afterMs);
    });
    await new Promise<void>((resolve) => server?.listen(socket, resolve));
  };

  /** A `docker` command that knows its context's host and a Compose plugin. */
  const command = async (
    compose: string,
    context = `echo ${JSON.stringify(`unix://${socket}`)}`,
  ): Promise<Environment> => {
    const path = join(folder, 'docker');
    await writeFile(path, `#!/bin/sh\ncase $1 in context) ${context} ;; compose) ${compose} ;; esac\n`);
    await chmod(path, 0o755);
    return { PATH: `${folder}:/usr/bin:/bin` };
  };

  it('is Compose when engine and plugin answer', async () => {
    await engine(DOCKER);
    expect(await detectRuntime(await command('echo 2.40.3'))).toMatchObject({
      name: 'compose',
      reason: `runtime compose: Docker 27.0.1 with Compose 2.40.3 answers at unix://${socket}`,
      engine: { rootless: false, version: '27.0.1', composeVersion: '2.40.3' },
    });
  });

  it('recognizes an engine without root', async () => {
    await engine(DOCKER, { OSType: 'linux', SecurityOptions: ['name=seccomp', 'name=rootless'] });
    expect((await requireEngine(await command('echo v2.30.0'))).rootless).toBe(true);
  });

  it('is local without a docker command', async () => {
    expect(await detectRuntime({ PATH: folder })).toEqual({
      name: 'local',
      reason: 'runtime local: not Compose, since there is no `docker` command',
    });
  });

  it('is local when no engine listens', async () => {
    const { name, reason } = await detectRuntime(await command('echo 2.40.3'));
    expect(name).toBe('local');
    expect(reason).toContain(`no engine answers at unix://${socket} (ENOENT)`);
  });

  it('is Compose when the engine accepts the connection and answers after 3 s, and the wait is announced', async () => {
    await engine(DOCKER, LINUX, 3000);
    const said: string[] = [];
    const detected = await detectRuntime(await command('echo 2.40.3'), (text) => said.push(text));
    expect(detected.name).toBe('compose');
    expect(said).toEqual([`Docker at unix://${socket} has not answered yet; it may take up to 20 s.`]);
  });

  it('has no engine that can be used when it accepts the connection and never answers', async () => {
    await engine(undefined);
    expect(await askEngine(await command('echo 2.40.3'), 500)).toEqual({
      declined: `no answer from unix://${socket} within 0.5 s`,
    });
  });

  it('is local at once when nothing listens, without a note on waiting', async () => {
    const said: string[] = [];
    const begin = performance.now();
    await detectRuntime(await command('echo 2.40.3'), (text) => said.push(text));
    expect(said).toEqual([]);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it.each([
    [
      'is missing',
      'echo "docker: compose is not a docker command" >&2; exit 1',
      'the Compose plugin is missing',
    ],
    ['is older than the hooks', 'echo 2.29.7', '2.29.7 is older than 2.30'],
    ['is of the first generation', 'echo 1.29.2', '1.29.2 is older than 2.30'],
  ])('is local when the Compose plugin %s', async (_what, compose, reason) => {
    await engine(DOCKER);
    const detected = await detectRuntime(await command(compose));
    expect(detected.name).toBe('local');
    expect(detected.reason).toContain(reason);
  });

  it.each([
    ['Podman', { Version: '5.2.0', Components: [{ Name: 'Podman Engine' }] }, LINUX, 'the engine is Podman'],
    ['Windows containers', DOCKER, { OSType: 'windows' }, 'runs windows containers'],
  ])('is local with %s', async (_what, version, info, reason) => {
    await engine(version, info);
    const detected = await detectRuntime(await command('echo 2.40.3'));
    expect(detected.name).toBe('local');
    expect(detected.reason).toContain(reason);
  });

  it.each(['tcp://192.0.2.1:2375', 'ssh://someone@192.0.2.1'])(
    'is local when the engine is elsewhere, at %s',
    async (host) => {
      const detected = await detectRuntime(await command('echo 2.40.3', `echo ${host}`));
      expect(detected.reason).toContain(`the engine at ${host} is not on this machine`);
    },
  );

  it('takes an engine at a TCP port of this machine', async () => {
    server = createServer((request, response) =>
      response.end(JSON.stringify(request.url?.endsWith('/info') ? LINUX : DOCKER)),
    );
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const detected = await detectRuntime(await command('echo 2.40.3', `echo tcp://127.0.0.1:${port}`));
    expect(detected.name).toBe('compose');
  });

  it('asked for by name, Compose without an engine is an error with the reason', async () => {
    await expect(requireEngine({ PATH: folder })).rejects.toMatchObject({
      code: 'NO_ENGINE',
      exitCode: 3,
      message: 'Compose cannot be used: there is no `docker` command.',
    });
  });
});
