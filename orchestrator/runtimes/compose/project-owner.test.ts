import { rm, symlink } from 'node:fs/promises';
import type Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LightProject } from '../../../tests/support/light-project.ts';
import { testingEngine } from '../../../tests/support/testing-engine.ts';
import type { ServiceName } from '../../services/service-name.ts';
import { SERVICE_NAMES, SERVICES } from '../../services/services.ts';
import type { ComposeRuntime } from './compose-runtime.ts';
import { ProjectOwner } from './project-owner.ts';

const VOLUMES = SERVICES.flatMap(({ inContainer }) => inContainer.volumes);

const { engine, declined } = await testingEngine();
const never = new AbortController().signal;

/** A client of the engine that, before the first answer on a volume, does something else. */
function withTurnAfterLook(docker: Docker, turn: () => Promise<void>): Docker {
  let isFirst = true;
  const getVolume = (name: string) => {
    const volume = docker.getVolume(name);
    const inspect = async () => {
      try {
        return await volume.inspect();
      } finally {
        if (isFirst) {
          isFirst = false;
          await turn();
        }
      }
    };
    return Object.create(volume, { inspect: { value: inspect } });
  };
  return Object.create(docker, { getVolume: { value: getVolume } });
}

describe.skipIf(!engine)(
  `a Compose project of two checkouts${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let first: LightProject;
    let second: LightProject;
    const runtimes: ComposeRuntime[] = [];
    beforeEach(async () => {
      if (!engine) throw new Error('no engine');
      const idle = 'trap "exit 143" TERM; sleep 1000 & wait';
      const scripts = Object.fromEntries(SERVICE_NAMES.map((name) => [name, idle]));
      first = await LightProject.create(engine, {
        scripts: scripts as Record<ServiceName, string>,
        graceMs: 500,
      });
      second = await first.otherCheckout();
    });
    afterEach(async () => {
      await Promise.all(runtimes.splice(0).map((runtime) => runtime.close()));
      await first.dispose();
      await rm(second.folder, { recursive: true });
    });

    const of = (project: LightProject) => {
      const runtime = project.runtime();
      runtimes.push(runtime);
      return runtime;
    };
    const foreign = (owner: LightProject) => ({
      code: 'FOREIGN_STACK',
      exitCode: 2,
      message: expect.stringContaining(`the checkout ${owner.folder}`),
    });
    const state = async (runtime: ComposeRuntime, service: ServiceName) =>
      (await runtime.observe()).find(({ name }) => name === service)?.state;
    const volumes = async () =>
      ((await engine?.docker.listVolumes())?.Volumes ?? [])
        .map(({ Name }) => Name)
        .filter((name) => name.startsWith(`${first.name}_`))
        .toSorted();

    it('is changed by the one whose containers run, and by no other', async () => {
      await of(first).start('kafka', never);
      const other = of(second);
      const attempts: readonly (() => Promise<unknown>)[] = [
        () => other.preflight(never),
        () => other.start('producer', never),
        () => other.stop('kafka'),
        () => other.superviseAgain(),
        () => other.down(),
        () => other.wipe({ keepTopic: false }),
        () => other.wipe({ keepTopic: true }),
        () => other.takeOver(),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(foreign(first));
      expect(await state(of(first), 'kafka')).toBe('running');
      expect(await of(first).down()).toEqual(['kafka']);
    });

    it('names its owner to commands that only read, while it runs and when only its data are left', async () => {
      const other = of(second);
      expect(await other.otherOwner()).toBeUndefined();
      await of(first).start('kafka', never);
      const owner = { what: `The Compose project ${first.name}`, checkout: first.folder };
      expect(await other.otherOwner()).toEqual(owner);
      expect(await of(first).otherOwner()).toBeUndefined();
      await of(first).down();
      expect(await other.otherOwner()).toEqual(owner);
      expect(await of(first).otherOwner()).toBeUndefined();
    });

    it('has data of the one that made them when no container is left', async () => {
      await of(first).start('kafka', never);
      await of(first).down();
      const other = of(second);
      const before = await volumes();
      expect(before).toEqual([`${first.name}_checkout`, `${first.name}_kafka-data`]);
      await expect(other.wipe({ keepTopic: false })).rejects.toMatchObject(foreign(first));
      await expect(other.start('kafka', never)).rejects.toMatchObject(foreign(first));
      await expect(other.preflight(never)).rejects.toMatchObject(foreign(first));
      await expect(other.takeOver()).rejects.toMatchObject(foreign(first));
      expect(await other.down()).toEqual([]);
      expect(await volumes()).toEqual(before);
      expect(await of(first).wipe({ keepTopic: false })).toEqual([`volume ${first.name}_kafka-data`]);
      expect(await volumes()).toEqual([]);
      await other.preflight(never);
    });

    it('is one checkout’s through a link, and after `docker compose up` by hand', async () => {
      await first.compose('up', '--detach', 'kafka');
      await symlink(first.folder, `${first.folder}-link`);
      try {
        const linked = of(first.through(`${first.folder}-link`));
        expect(await linked.stop('kafka')).toBeUndefined();
        await expect(of(second).down()).rejects.toMatchObject(foreign(first));
        await linked.down();
      } finally {
        await rm(`${first.folder}-link`);
      }
    });

    it('has data of nobody known after `docker compose down` by hand: only who made some, or says so, wipes them', async () => {
      await first.compose('up', '--detach', 'kafka');
      await first.compose('down');
      const other = of(second);
      const unknown = { code: 'FOREIGN_STACK', hint: expect.stringContaining('--take-over') };
      await expect(other.wipe({ keepTopic: false })).rejects.toMatchObject(unknown);
      await expect(other.start('kafka', never)).rejects.toMatchObject(unknown);
      const maker = first.runtime({ hasMadeData: true });
      runtimes.push(maker);
      await maker.preflight(never);
      expect(await other.takeOver()).toEqual([]);
      await expect(maker.preflight(never)).rejects.toMatchObject(foreign(second));
      expect(await other.wipe({ keepTopic: false })).toEqual([`volume ${first.name}_kafka-data`]);
    });

    it('is taken over on purpose when the folder has moved, running containers included', async () => {
      await of(first).start('kafka', never);
      const owner = first;
      first = await first.moved();
      const moved = of(first);
      await expect(moved.down()).rejects.toMatchObject({
        ...foreign(owner),
        hint: expect.stringContaining('--take-over'),
      });
      expect(await moved.takeOver()).toEqual(['kafka']);
      expect(await moved.takeOver()).toEqual([]);
      await moved.start('kafka', never);
      expect(await state(moved, 'kafka')).toBe('running');
      await expect(of(second).down()).rejects.toMatchObject(foreign(first));
      // The old watcher leaves an empty folder where its lock was.
      await rm(owner.folder, { recursive: true, force: true });
    });

    it('is claimed by one of two checkouts that both saw no claim', async () => {
      if (!engine) throw new Error('no engine');
      const early = new ProjectOwner(engine.docker, first.name, VOLUMES, first.folder, true);
      const docker = withTurnAfterLook(engine.docker, () => early.claim());
      const late = new ProjectOwner(docker, first.name, VOLUMES, second.folder, true);
      await expect(late.claim()).rejects.toMatchObject(foreign(first));
      await early.claim();
      await early.forget();
    });

    it('is claimed by one of two checkouts that come at the same time', async () => {
      const results = await Promise.allSettled([
        of(first).start('kafka', never),
        of(second).start('producer', never),
      ]);
      const lost = results.filter((result) => result.status === 'rejected');
      for (const { reason } of lost) expect(reason).toMatchObject({ code: 'FOREIGN_STACK' });
      expect(lost).toHaveLength(1);
      const [winner] = results[0].status === 'fulfilled' ? [first] : [second];
      await of(winner).down();
      await winner.compose('down', '--volumes');
      await of(winner).down();
    });
  },
);
