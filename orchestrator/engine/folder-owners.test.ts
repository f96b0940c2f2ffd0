import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Runtime, StackOwner } from '../runtimes/runtime.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { type StackConfig, stackConfig } from '../settings/stack-config.ts';
import { checkoutOf, claimOutputDir } from '../util/owned-folder.ts';
import type { ReportEvent } from '../util/run-plan.ts';
import {
  assertOwnFolders,
  forgetStack,
  readRecordedStack,
  recordStack,
  warnOfOtherOwner,
} from './select-runtime.ts';

let folder: string;
let first: string;
let second: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'folder-owners-'));
  [first, second] = ['first', 'second'].map((name) => {
    const checkout = join(folder, name);
    mkdirSync(checkout);
    writeFileSync(join(checkout, 'docker-compose.yml'), '');
    return checkout;
  }) as [string, string];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A checkout with the folders that both share. */
function configOf(projectDir: string): StackConfig {
  const environment = { RUN_DIR: join(folder, 'run'), OUTPUT_DIR: join(folder, 'output') };
  return stackConfig(loadSettings({ flags: {}, environment, projectDir }), projectDir, environment);
}

describe('a stack in folders that two checkouts share', () => {
  const refused = { code: 'FOREIGN_STACK', exitCode: 2 };

  it('is that of the checkout that has started it, and nobody’s after a wipe', () => {
    assertOwnFolders(configOf(second), false);
    recordStack(configOf(first), 'local');
    assertOwnFolders(configOf(first), false);
    expect(() => assertOwnFolders(configOf(second), false)).toThrow(
      expect.objectContaining({ ...refused, message: expect.stringContaining(`the checkout ${first}`) }),
    );
    forgetStack(configOf(first));
    assertOwnFolders(configOf(second), false);
  });

  it('has outputs of that checkout, too', () => {
    claimOutputDir(join(folder, 'output'), first);
    assertOwnFolders(configOf(first), false);
    expect(() => assertOwnFolders(configOf(second), false)).toThrow(
      expect.objectContaining({
        ...refused,
        message: expect.stringMatching(/^OUTPUT_DIR=.* checkout .*first/),
      }),
    );
  });

  it('is named to a command that only reads it', async () => {
    const warnings = async (projectDir: string, other?: StackOwner) => {
      const texts: string[] = [];
      const runtime = { otherOwner: async () => other } as Runtime;
      const reporter = {
        emit: (event: ReportEvent) => void (event.type === 'warning' && texts.push(event.text)),
        close: async () => undefined,
      };
      await warnOfOtherOwner(configOf(projectDir), runtime, reporter);
      return texts;
    };
    expect(await warnings(second)).toEqual([]);
    recordStack(configOf(first), 'local');
    claimOutputDir(join(folder, 'output'), first);
    expect(await warnings(first)).toEqual([]);
    const rest = `belongs to the checkout ${first}: what follows is of that one, not of ${second}`;
    expect(await warnings(second, { what: 'The Compose project p', checkout: first })).toEqual([
      `The Compose project p ${rest}`,
      `The stack in RUN_DIR=${join(folder, 'run')} ${rest}`,
      `OUTPUT_DIR=${join(folder, 'output')} ${rest}`,
    ]);
  });

  it('is the same checkout’s through a link', () => {
    recordStack(configOf(first), 'local');
    claimOutputDir(join(folder, 'output'), first);
    symlinkSync(first, join(folder, 'link'));
    assertOwnFolders(configOf(join(folder, 'link')), false);
  });

  it('is not taken over while its checkout exists', () => {
    recordStack(configOf(first), 'local');
    expect(() => assertOwnFolders(configOf(second), true)).toThrow(expect.objectContaining(refused));
    expect(readRecordedStack(configOf(second))?.checkout).toBe(first);
  });

  it('is taken over on purpose once its checkout is gone, outputs included', () => {
    recordStack(configOf(first), 'local');
    claimOutputDir(join(folder, 'output'), first);
    const moved = join(folder, 'moved');
    renameSync(first, moved);
    expect(() => assertOwnFolders(configOf(moved), false)).toThrow(
      expect.objectContaining({ ...refused, hint: expect.stringContaining('--take-over') }),
    );
    assertOwnFolders(configOf(moved), true);
    assertOwnFolders(configOf(moved), false);
    expect(readRecordedStack(configOf(moved))).toMatchObject({
      checkout: moved,
      runtime: 'local',
      running: true,
    });
    expect(checkoutOf(join(folder, 'output'))).toBe(moved);
  });
});
