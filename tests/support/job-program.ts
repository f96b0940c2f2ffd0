import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectDir } from './project.ts';

export const hasPython = spawnSync('python3', ['--version']).status === 0;

/**
 * Runs a program that imports the job's modules and returns the JSON that it prints. It receives
 * `input` as JSON on standard input.
 */
export function runJobProgram(program: string, input: unknown): unknown {
  const cwd = join(projectDir, 'spark-app');
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' };
  return JSON.parse(
    execFileSync('python3', ['-c', program], { cwd, env, input: JSON.stringify(input), encoding: 'utf8' }),
  );
}
