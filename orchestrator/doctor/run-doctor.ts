import type { StackConfig } from '../config/stack-config.ts';
import { messageOf } from '../core/product-error.ts';
import { checkCache } from './check-cache.ts';
import { checkCertificates } from './check-certificates.ts';
import { checkDisk } from './check-disk.ts';
import { checkDocker } from './check-docker.ts';
import { checkFolders } from './check-folders.ts';
import { checkJava } from './check-java.ts';
import { checkMemory } from './check-memory.ts';
import { checkNode } from './check-node.ts';
import { checkPorts } from './check-ports.ts';
import { checkPython } from './check-python.ts';
import type { Check, DoctorCheck, DoctorReport } from './doctor-report.ts';

/**
 * Looks at everything that the stack needs of the machine, and changes nothing.
 * @throws the signal's reason when aborted
 */
export async function runDoctor(config: StackConfig, signal: AbortSignal): Promise<DoctorReport> {
  const checks: readonly (readonly [name: string, check: Check])[] = [
    ['Node.js', checkNode],
    ['Python', (within) => checkPython(config, within)],
    ['Java', (within) => checkJava(config, within)],
    ['Docker', (within) => checkDocker(config, within)],
    ['certificates', () => checkCertificates(config)],
    ['cache', () => checkCache(config)],
    ['disk', () => checkDisk(config)],
    ['memory', () => checkMemory(config)],
    ['folders', () => checkFolders(config)],
    ['ports', () => checkPorts(config)],
  ];
  const found = await Promise.all(checks.map(([name, check]) => outcome(name, check, signal)));
  signal.throwIfAborted();
  const all = found.flat();
  return { checks: all, problems: all.filter(({ state }) => state === 'problem').length };
}

/** A check that fails itself must not hide the others. */
async function outcome(name: string, check: Check, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  try {
    return await check(signal);
  } catch (error) {
    signal.throwIfAborted();
    return [{ name, state: 'problem', detail: `could not be checked: ${messageOf(error)}` }];
  }
}
