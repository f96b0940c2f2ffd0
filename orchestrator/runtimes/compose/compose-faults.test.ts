import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SERVICES } from '../../services/services.ts';
import { ComposeFaults } from './compose-faults.ts';
import type { StackContainers } from './stack-containers.ts';
import type { Watcher } from './watch/watcher.ts';

let bin: string;
beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'docker-'));
  // An exec that the end of its container cuts off, as the engine has been seen to report it.
  writeFileSync(join(bin, 'docker'), '#!/bin/sh\nexit 1\n');
  chmodSync(join(bin, 'docker'), 0o755);
});
afterAll(() => rmSync(bin, { recursive: true }));

const running = (StartedAt: string) => ({
  Id: 'w',
  Name: '/worker',
  State: { Running: true, Restarting: false, Paused: false, StartedAt },
});

/**
 * A worker that was observed running, and what the engine reports of it after an exec has failed.
 */
function faults(after: object | undefined): ComposeFaults {
  const docker = {
    getContainer: () => ({
      inspect: async () => after ?? Promise.reject(Object.assign(new Error('gone'), { statusCode: 404 })),
    }),
  };
  const containers = {
    changed: () => undefined,
    list: async () => [{ service: 'spark-worker', info: running('1'), recentLines: [] }],
  };
  return new ComposeFaults(
    docker as unknown as Docker,
    containers as unknown as StackContainers,
    {} as Watcher,
    SERVICES,
    { PATH: bin },
  );
}

it.each([
  ['gone', undefined],
  ['stopped', { ...running('1'), State: { Running: false, StartedAt: '1' } }],
  ['started again', running('2')],
])('an exec fails in a container that has %s meanwhile: nothing was reached', async (_state, after) => {
  expect(await faults(after).isThere('executor')).toBe(false);
});

it('an exec fails in a container that runs on: that is an error, with its exit code', async () => {
  await expect(faults(running('1')).isThere('executor')).rejects.toThrow(/docker exec in w: exit code 1/);
});
