import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newPipeline } from '../../orchestrator/infer/new-pipeline.ts';
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

  it('takes contracts that `npm run new` writes', async () => {
    const odd = { 'it\'s: "#"': 1, no: 'yes', at: '1/13/26 7:05', ts: 1_710_064_800_123, price: '1.50' };
    const schema = {
      type: 'object',
      properties: {
        id: { type: 'string', format: 'uuid', description: 'The order: "#1"' },
        state: { enum: ['new', 'paid', null] },
        total: { type: 'number', multipleOf: 0.01, minimum: 0 },
        code: { type: 'string', pattern: '^[A-Z]\\d{3}$', maxLength: 4 },
        lines: {
          type: 'array',
          minItems: 1,
          items: { type: 'object', properties: { n: { type: 'integer' } } },
        },
        sent: { type: 'integer', format: 'unix-time' },
      },
    };
    const inputs = {
      events:
        `${JSON.stringify({ ...odd, none: null, lines: [{ sku: 'a', price: 1.5 }], deep: { a: { b: [[1]] } } })}\n`.repeat(
          30,
        ),
      schema: JSON.stringify(schema),
    };
    for (const [name, text] of Object.entries(inputs)) {
      const written = join(folder, 'new', name);
      const input = join(folder, `${name}.json`);
      writeFileSync(input, text);
      const request = { name: written, from: input, topic: undefined, key: undefined, eventTime: undefined };
      await newPipeline({ ...request, projectDir, stdin: process.stdin });
      const { status, stdout } = lint(join(written, 'contract.odcs.yaml'));
      expect(stdout).toContain('Data contract is valid against ODCS v3.1.0');
      expect(status).toBe(0);
    }
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
