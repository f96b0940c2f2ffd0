import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { flushOutput } from '../orchestrator/util/output.ts';
import { projectDir } from './support/project.ts';
import { pythonTools } from './support/python-tools.ts';

/**
 * `npm run check`: types, format, lint, layers, unused code, generated files. All of them run, even
 * when some fail.
 */
const bin = (name: string) => join(projectDir, 'node_modules', '.bin', name);
const python = await pythonTools();
const app = join(projectDir, 'spark-app');
// With the job's configuration.
const bench = ['--config', join(app, 'pyproject.toml'), join(projectDir, 'bench')];
const fixtures = join(projectDir, 'data', 'fixtures', 'pipelines');
const fixturePipelines = readdirSync(fixtures).map((name) => join(fixtures, name));
const CHECKS: readonly { name: string; command: string; args: readonly string[]; cwd?: string }[] = [
  { name: 'types', command: bin('tsc'), args: ['--noEmit', '-p', '.'] },
  { name: "types of the dashboard's page", command: bin('tsc'), args: ['--noEmit', '-p', 'dashboard/page'] },
  { name: 'format and lint', command: bin('biome'), args: ['check', '--error-on-warnings', '.'] },
  { name: 'layers', command: bin('depcruise'), args: ['orchestrator', 'producer', 'dashboard', 'bench'] },
  { name: 'unused code', command: bin('knip'), args: [] },
  { name: 'generated files', command: bin('tsx'), args: ['orchestrator/generate-main.ts', '--check'] },
  {
    name: "fixtures' generated files",
    command: bin('tsx'),
    args: ['orchestrator/generate-main.ts', '--check', ...fixturePipelines],
  },
  { name: 'ruff format', command: python.bin('ruff'), args: ['format', '--check', '.'], cwd: app },
  { name: 'ruff', command: python.bin('ruff'), args: ['check', '.'], cwd: app },
  {
    name: 'ruff format of bench',
    command: python.bin('ruff'),
    args: ['format', '--check', ...bench],
    cwd: app,
  },
  { name: 'ruff of bench', command: python.bin('ruff'), args: ['check', ...bench], cwd: app },
  { name: 'mypy', command: python.bin('mypy'), args: ['medallion', 'app.py'], cwd: app },
];

const failed = CHECKS.filter(({ name, command, args, cwd = projectDir }) => {
  process.stdout.write(`=== ${name}\n`);
  const { status, error } = spawnSync(command, args, { cwd, env: python.environment, stdio: 'inherit' });
  if (error) throw error;
  return status !== 0;
});
const outcome =
  failed.length === 0 ? 'all checks passed' : `failed: ${failed.map(({ name }) => name).join(', ')}`;
process.stdout.write(`\n${outcome}\n`);
await flushOutput();
process.exit(failed.length === 0 ? 0 : 1);
