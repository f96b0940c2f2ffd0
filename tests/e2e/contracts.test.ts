import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectDir } from '../support/project.ts';
import { pythonTools } from '../support/python-tools.ts';

/** A tool that knows the standard and nothing of this project checks the contracts. */
describe('datacontract lint', () => {
  const contracts = ['pipelines', 'data/fixtures/pipelines'].flatMap((root) =>
    readdirSync(join(projectDir, root))
      .map((name) => join(root, name, 'contract.odcs.yaml'))
      .filter((path) => existsSync(join(projectDir, path))),
  );
  const folder = mkdtempSync(join(tmpdir(), 'contracts-'));
  let lint: (path: string) => ReturnType<typeof spawnSync>;

  beforeAll(async () => {
    const tools = await pythonTools();
    const requirements = join(projectDir, 'tests', 'support', 'requirements-datacontract.txt');
    const command = join(await tools.install('datacontract', requirements), 'bin', 'datacontract');
    // Its temporary files and settings stay in a folder of this test.
    const env = { ...process.env, HOME: folder, COLUMNS: '200' };
    lint = (path) =>
      spawnSync(command, ['lint', '--all-errors', path], { cwd: folder, env, encoding: 'utf8' });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(contracts)('takes %s', (path) => {
    const { status, stdout } = lint(join(projectDir, path));
    expect(stdout).toContain('Data contract is valid against ODCS v3.1.0');
    expect(status).toBe(0);
  });

  it('refuses a contract with a type that the standard does not have', () => {
    const text = readFileSync(join(projectDir, contracts[0] ?? ''), 'utf8');
    const path = join(folder, 'contract.odcs.yaml');
    writeFileSync(path, text.replace('logicalType: string', 'logicalType: varchar'));
    const { status, stdout } = lint(path);
    expect(stdout).toContain('varchar');
    expect(status).toBe(1);
  });
});
