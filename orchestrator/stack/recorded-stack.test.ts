import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../config/load-settings.ts';
import { type StackConfig, stackConfig } from '../config/stack-config.ts';
import { recordedConfig, recordStack, recordStopped } from './recorded-stack.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recorded-stack-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function configOf(environment: Readonly<Record<string, string>>): StackConfig {
  const own = { RUN_DIR: join(folder, 'run'), OUTPUT_DIR: join(folder, 'output'), ...environment };
  return stackConfig(loadSettings({ flags: {}, environment: own, projectDir: folder }), folder, own);
}

describe('the configuration of the running stack', () => {
  it('has the settings it was started with, whatever is given now', () => {
    recordStack(configOf({ MSGS_PER_SEC: '7', MAX_FILES_PER_SINK: '0', RUNTIME: 'auto' }), 'local');
    const now = configOf({ MSGS_PER_SEC: '9', MAX_OFFSETS_PER_TRIGGER: '5', TRIGGER_INTERVAL: '1 hour' });
    const { settings, runDir } = recordedConfig(now);
    expect(settings).toMatchObject({
      MSGS_PER_SEC: 7,
      MAX_FILES_PER_SINK: 0,
      RUNTIME: 'local',
      TRIGGER_INTERVAL: '30 seconds',
    });
    expect(settings.MAX_OFFSETS_PER_TRIGGER).toBeUndefined();
    expect(runDir).toBe(now.runDir);
  });

  it('is what is given when no stack runs', () => {
    const given = configOf({ MSGS_PER_SEC: '9' });
    expect(recordedConfig(given)).toBe(given);
    recordStack(configOf({ MSGS_PER_SEC: '7' }), 'local');
    recordStopped(given);
    expect(recordedConfig(given)).toBe(given);
  });
});
