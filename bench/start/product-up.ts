import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runLayout } from '../../orchestrator/runtimes/local/launch.ts';
import { readState } from '../../orchestrator/runtimes/local/state-file.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import { projectDir } from '../../tests/support/project.ts';
import { descendants, memoryBytesOf } from '../measure/process-usage.ts';
import type { StackPlace } from '../stack/stack-place.ts';

/**
 * Runs `npm run up` of a checkout as a user does. @returns seconds from the start of the command to
 * its successful end
 */
export async function productUp(
  place: StackPlace,
  environment: NodeJS.ProcessEnv,
  checkout = projectDir,
): Promise<number> {
  const begin = performance.now();
  await command(place, 'up', environment, checkout);
  return (performance.now() - begin) / 1000;
}

export const productDown = (place: StackPlace, checkout = projectDir): Promise<void> =>
  command(place, 'down', process.env, checkout);

/** Memory of all processes of a running stack, its supervisor included. */
export function stackMemoryBytes(place: StackPlace): number {
  const { supervisor, services = [] } = readState(runLayout(place.config.runDir).stateFile) ?? {};
  const roots = [supervisor?.pid, supervisor?.watchdog, ...services.map((service) => service.process?.pid)];
  const all = new Set(roots.flatMap((pid) => (pid === undefined ? [] : descendants(pid))));
  return memoryBytesOf([...all]);
}

function command(
  place: StackPlace,
  name: 'up' | 'down',
  environment: NodeJS.ProcessEnv,
  checkout: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(checkout, 'bootstrap.mjs'), name], {
      cwd: checkout,
      env: { ...environment, ...place.settings },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) return resolve();
      reject(
        new ProductError('STEP_FAILED', {
          message: `${name} ended with exit code ${code}.`,
          hint: 'Its last lines are above.',
          logTail: errors.trim().split('\n').slice(-20),
        }),
      );
    });
  });
}
