import { spawnSync } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { SERVICES } from '../../../services/services.ts';
import { loadSettings } from '../../../settings/load-settings.ts';
import { stackConfig } from '../../../settings/stack-config.ts';
import { provisioning } from '../../../toolchain/toolchain.ts';
import { namelessUserOptions } from './nameless-user.ts';

const PROVISION_TIMEOUT_MS = 900_000;

/** A user namespace in which this process has an id that no user list contains. */
const AS_NAMELESS = ['--user', '--map-user=54321', '--map-group=54321'];
const refused = spawnSync('unshare', [...AS_NAMELESS, 'true']).status !== 0;

test.skipIf(refused && process.env['CI'] === undefined)(
  "Hadoop's login succeeds for a user id without a name, and fails without our class",
  async () => {
    const projectDir = resolve(import.meta.dirname, '../../../..');
    const environment = { ...process.env, HOME: homedir() };
    const config = stackConfig(loadSettings({ flags: {}, environment, projectDir }), projectDir, environment);
    const { steps, toolchain } = provisioning(config, SERVICES);
    for (const step of steps.filter(({ name }) => name === 'java' || name === 'pyspark')) {
      await step.run({ signal: new AbortController().signal, onDetail: () => undefined });
    }
    const { javaHome, sparkHome } = toolchain();
    const login = (options: readonly string[]) => {
      const command = [
        ...[...AS_NAMELESS, join(javaHome, 'bin', 'java'), ...options, '-cp', join(sparkHome, 'jars', '*')],
        'org.apache.hadoop.security.UserGroupInformation',
      ];
      const { stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8', cwd: tmpdir() });
      return stdout + stderr;
    };
    expect(login([])).toContain('invalid null input: name');
    const said = login(namelessUserOptions(javaHome, tmpdir(), null));
    expect(said).toContain('User: medallion');
    expect(said).not.toContain('invalid null input');
  },
  PROVISION_TIMEOUT_MS,
);
