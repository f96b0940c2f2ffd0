import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { projectDir } from '../support/project.ts';

it('`npm test -- --help` names the parts, runs none and ends with 0', () => {
  const { status, stdout, stderr } = spawnSync(
    'node',
    ['bootstrap.mjs', '--exec', 'tsx', 'tests/run-tests.ts', '--help'],
    { cwd: projectDir, encoding: 'utf8' },
  );
  for (const part of ['unit', 'python', 'e2e', 'long']) expect(stdout).toContain(`  ${part} `);
  expect(stdout).not.toContain('===');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
