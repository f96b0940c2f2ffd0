import { closeSync, openSync, readSync } from 'node:fs';
import { ProductError } from '../../../core/product-error.ts';
import { installText } from './install-advice.ts';
import { executableOnPath } from './path-search.ts';

/**
 * What local processes need of the system itself and no package of ours brings: Spark's programs are bash scripts, and the
 * compiled packages are for glibc. Starts no process.
 * @param nodeProgram the running Node.js, which is made for the C library of the system
 * @returns phrases; empty on a system that has all of it
 */
export function missingOfSystem(
  environment: Readonly<Record<string, string | undefined>>,
  nodeProgram = process.execPath,
): readonly string[] {
  return [
    ...(usesMusl(nodeProgram) ? ['glibc (this system has musl)'] : []),
    ...(executableOnPath('bash', environment) === undefined ? ['bash (not on PATH)'] : []),
  ];
}

/** @throws ProductError UNSUPPORTED_SYSTEM, naming what is missing and the way without it */
export function assertSystem(
  environment: Readonly<Record<string, string | undefined>>,
  nodeProgram?: string,
): void {
  const missing = missingOfSystem(environment, nodeProgram);
  if (missing.length === 0) return;
  throw new ProductError('UNSUPPORTED_SYSTEM', {
    message: `The local runtime needs ${missing.join(' and ')}; nothing was downloaded.`,
    hint: systemRemedy(),
  });
}

/** What to do on a system that local processes do not run on. */
export function systemRemedy(): string {
  return `Run it with Docker: \`npm run up -- --runtime compose\` (to install it, ${installText('docker')}).`;
}

/** The name of the dynamic loader stands in the head of every Linux program. */
function usesMusl(program: string): boolean {
  if (process.platform !== 'linux') return false;
  const head = Buffer.alloc(4096);
  const descriptor = openSync(program, 'r');
  try {
    readSync(descriptor, head, 0, head.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return head.includes('ld-musl-');
}
