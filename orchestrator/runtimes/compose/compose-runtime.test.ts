import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LightProject } from '../../../tests/support/light-project.ts';
import { CONTRACT_BEHAVIOURS, runtimeContract } from '../../../tests/support/runtime-contract.ts';
import { testingEngine } from '../../../tests/support/testing-engine.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { SERVICE_NAMES } from '../../services/services.ts';
import { LOG_ROTATION } from '../local/supervisor/service-log.ts';
import type { ComposeRuntime } from './compose-runtime.ts';

const { engine, declined } = await testingEngine();

if (engine) {
  runtimeContract('the Compose runtime', async () => {
    const project = await LightProject.create(engine, { scripts: contractScripts(), graceMs: 500 });
    return {
      restartsByEngine: true,
      runtime: () => project.runtime(),
      crash: (service) => project.crash(service),
      dispose: () => project.dispose(),
    };
  });

  describe('the watcher of the Compose runtime', () => {
    let project: LightProject;
    let runtime: ComposeRuntime;
    beforeEach(async () => {
      project = await LightProject.create(engine, { scripts: contractScripts(), graceMs: 500 });
      runtime = project.runtime();
    });
    afterEach(async () => {
      await runtime.close();
      await project.dispose();
    });
    const look = async (service: ServiceName) =>
      (await runtime.observe()).find(({ name }) => name === service);
    const never = new AbortController().signal;

    it('starts again what `docker kill` ended, and not what `docker stop` did', async () => {
      await runtime.start('producer', never);
      await runtime.start('kafka', never);
      await project.watching();
      const before = await look('kafka');
      await project.docker('stop', 'producer');
      await project.docker('kill', 'kafka');
      await expect
        .poll(() => look('kafka'), { timeout: 20_000 })
        .toMatchObject({ state: 'running', since: expect.not.stringMatching(before?.since ?? '') });
      expect(await look('producer')).toMatchObject({ state: 'stopped' });
    });

    it.each([
      ['QUIT', 'kafka'],
      ['HUP', 'kafka'],
      ['TERM', 'spark-streaming'],
    ] as const)(
      'starts again what `docker kill` ends after a SIG%s that it lives through',
      async (signal, service) => {
        await runtime.start(service, never);
        await project.watching();
        await expect.poll(async () => (await look(service))?.recentLines).toContain(`${service} began`);
        const before = await look(service);
        await project.docker('kill', service, '--signal', signal);
        expect(await look(service)).toMatchObject({ state: 'running', since: before?.since });
        await project.docker('kill', service);
        await expect
          .poll(() => look(service), { timeout: 20_000 })
          .toMatchObject({ state: 'running', since: expect.not.stringMatching(before?.since ?? '') });
      },
    );

    it('leaves what `docker stop` ended, after its grace and after other signals, too', async () => {
      await runtime.start('spark-streaming', never);
      await runtime.start('kafka', never);
      await project.watching();
      await expect
        .poll(async () => (await look('spark-streaming'))?.recentLines)
        .toContain('spark-streaming began');
      await project.docker('kill', 'spark-streaming', '--signal', 'QUIT');
      await project.docker('stop', 'spark-streaming', '--time', '1');
      // The watcher has reacted to a later event, and so has handled this one.
      const before = await look('kafka');
      await project.docker('kill', 'kafka');
      await expect
        .poll(() => look('kafka'), { timeout: 20_000 })
        .toMatchObject({ state: 'running', since: expect.not.stringMatching(before?.since ?? '') });
      expect(await look('spark-streaming')).toMatchObject({ state: 'stopped' });
      // Longer than the engine may take to report a stop.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expect(await look('spark-streaming')).toMatchObject({ state: 'stopped' });
    });

    it('has a log of bounded size', async () => {
      await mkdir(dirname(project.watchLog), { recursive: true });
      await writeFile(project.watchLog, Buffer.alloc(LOG_ROTATION.maxBytes, 'x'));
      await runtime.start('kafka', never);
      await project.watching();
      expect((await stat(project.watchLog)).size).toBeLessThan(1000);
      expect((await stat(`${project.watchLog}.1`)).size).toBe(LOG_ROTATION.maxBytes);
    });

    it('is an error in one sentence where no process can be started', async () => {
      const { execPath } = process;
      process.execPath = '/does/not/exist';
      try {
        await expect(runtime.superviseAgain()).rejects.toMatchObject({
          code: 'STEP_FAILED',
          message: expect.stringContaining('The watcher of the Compose stack could not be started: spawn'),
        });
      } finally {
        process.execPath = execPath;
      }
    });

    it('is started again when it was killed, and only then', async () => {
      await runtime.start('kafka', never);
      await project.watching();
      const first = await project.watcherPid();
      await runtime.superviseAgain();
      expect(await project.watcherPid()).toBe(first);
      expect(await runtime.faults().kill('supervisor')).toContain(String(first));
      await expect.poll(() => runtime.faults().isThere('supervisor')).toBe(false);
      await runtime.superviseAgain();
      await expect.poll(() => runtime.faults().isThere('supervisor'), { timeout: 20_000 }).toBe(true);
    });

    it('a container is paused until the fault is reverted', async () => {
      await runtime.start('kafka', never);
      const held = await runtime.faults().pause('broker');
      expect(await look('kafka')).toMatchObject({ state: 'running', detail: 'paused' });
      await held.revert();
      await expect.poll(async () => (await look('kafka'))?.detail).toBe('running');
    });

    it('a container that was left paused is stopped nevertheless', async () => {
      await runtime.start('kafka', never);
      await runtime.faults().pause('broker');
      expect(await runtime.down()).toEqual(['kafka']);
    });

    it('ends when the stack is gone', async () => {
      await runtime.start('kafka', never);
      await project.watching();
      await runtime.down();
      expect(await project.watcherPid()).toBeUndefined();
    });
  });
} else {
  describe('the Compose runtime keeps the contract of Runtime', () => {
    it.skip(`not tried: ${declined}`, () => undefined);
  });
}

function contractScripts(): Record<ServiceName, string> {
  const script = (name: ServiceName): string => {
    switch (CONTRACT_BEHAVIOURS[name] ?? 'runs') {
      case 'runs':
        // PID 1 has no default reaction to signals.
        return 'trap "exit 143" TERM; sleep 1000 & wait';
      case 'completes':
        return 'exit 0';
      case 'refuses':
        return 'exit 2';
      case 'stubborn':
        return 'trap "" TERM; while :; do sleep 0.1; done';
    }
  };
  return Object.fromEntries(
    SERVICE_NAMES.map((name) => [name, `echo ${name} began; ${script(name)}`]),
  ) as Record<ServiceName, string>;
}
