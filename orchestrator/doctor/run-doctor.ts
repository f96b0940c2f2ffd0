import { readRecordedStack } from '../engine/select-runtime.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { messageOf } from '../util/product-error.ts';
import type { Check, DoctorCheck, DoctorReport } from './doctor-report.ts';
import { checkDisk, checkFolders, checkMemory, checkPorts } from './resource-checks.ts';
import {
  checkCache,
  checkCertificates,
  checkDocker,
  checkJava,
  checkNode,
  checkPython,
  checkSystem,
} from './software-checks.ts';

/**
 * Checks everything that the stack needs of the machine, and changes nothing.
 * @param onWait is called with a sentence when the Docker engine is slow to answer
 * @throws the signal's reason when aborted
 */
export async function runDoctor(
  config: StackConfig,
  signal: AbortSignal,
  onWait?: (text: string) => void,
): Promise<DoctorReport> {
  // Docker's client takes longer to load than most commands take.
  const { askEngine } = await import('../runtimes/compose/engine.ts');
  const answer = await askEngine(config.environment, undefined, onWait);
  const { composeObstacle } = await import('../runtimes/compose/compose-cli.ts');
  const obstacle = answer.engine && (await composeObstacle(config, answer.engine));
  signal.throwIfAborted();
  const ofLocal = takesCompose(config, answer.engine !== undefined && !obstacle)
    ? asNotes
    : (check: Check) => check;
  const checks: readonly (readonly [name: string, check: Check])[] = [
    ['Node.js', checkNode],
    ['system', ofLocal(() => checkSystem(config))],
    ['Python', ofLocal((within) => checkPython(config, within))],
    ['Java', ofLocal((within) => checkJava(config, within))],
    ['Docker', async () => checkDocker(config, answer, obstacle)],
    ['certificates', () => checkCertificates(config)],
    ['cache', ofLocal(() => checkCache(config))],
    ['disk', ofLocal(() => checkDisk(config))],
    ['memory', () => checkMemory(config)],
    ['folders', () => checkFolders(config)],
    ['ports', () => checkPorts(config, answer.engine)],
  ];
  const found = await Promise.all(checks.map(([name, check]) => outcome(name, check, signal)));
  signal.throwIfAborted();
  const all = found.flat();
  return { checks: all, problems: all.filter(({ state }) => state === 'problem').length };
}

/** Whether `up` would run the services through Compose. */
function takesCompose(config: StackConfig, isPossible: boolean): boolean {
  const { RUNTIME } = config.settings;
  if (RUNTIME !== 'auto') return RUNTIME === 'compose';
  return (readRecordedStack(config)?.runtime ?? (isPossible ? 'compose' : 'local')) === 'compose';
}

/** With Compose, what only local processes need is no obstacle. */
function asNotes(check: Check): Check {
  return async (signal) =>
    (await check(signal)).map((found) =>
      found.state === 'problem'
        ? { ...found, state: 'note', detail: `${found.detail} (not needed with Compose)` }
        : found,
    );
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
