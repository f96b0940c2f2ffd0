import { basename, dirname, join } from 'node:path';
import type { ComposeObstacle } from '../runtimes/compose/compose-cli.ts';
import type { EngineAnswer } from '../runtimes/compose/engine.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { CERTIFICATE_VARIABLES, readBundle } from '../toolchain/certificates.ts';
import { installText, missingOfSystem, systemRemedy } from '../toolchain/install-advice.ts';
import { findJava } from '../toolchain/java.ts';
import { installedPySpark, lostPython } from '../toolchain/pyspark.ts';
import { findPython } from '../toolchain/python-packages.ts';
import { toolEnvironment } from '../toolchain/run-tool.ts';
import { changedFiles } from '../toolchain/stamp.ts';
import { provisionedFolders } from '../toolchain/toolchain.ts';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import type { DoctorCheck } from './doctor-report.ts';

/**
 * Reads everything that was provisioned in full and compares it with its hashes; `up` itself checks
 * sizes only.
 */
export async function checkCache({ cacheDir }: StackConfig): Promise<readonly DoctorCheck[]> {
  const name = 'cache';
  const folders = provisionedFolders(cacheDir);
  if (folders.length === 0) {
    const detail = `${cacheDir} is empty; the first \`${userCommand('up')}\` downloads about 450 MB to it`;
    return [{ name, state: 'note', detail }];
  }
  const damaged: DoctorCheck[] = [];
  const outdated: DoctorCheck[] = [];
  let files = 0;
  for (const { folder, stamp } of folders) {
    const changed = await changedFiles(folder, stamp);
    files += stamp.files.length;
    const lost = basename(dirname(folder)) === 'pyspark' ? lostPython(folder, stamp) : undefined;
    if (lost !== undefined) {
      const detail = `${folder} cannot be used: ${lost}; the next \`${userCommand('up')}\` makes it again`;
      outdated.push({ name, state: 'note', detail });
    }
    if (changed.length === 0) continue;
    damaged.push({
      name,
      state: 'problem',
      detail: `${changed.length} of ${stamp.files.length} files in ${folder} have changed, such as ${changed[0]}`,
      remedy: `\`rm -rf '${folder}'\`; the next \`${userCommand('up')}\` makes it again`,
    });
  }
  if (damaged.length + outdated.length > 0) return [...damaged, ...outdated];
  return [{ name, state: 'ok', detail: `${cacheDir}, ${files} files as they were installed` }];
}

/** Checks the files in which the machine names its own certificate authorities. */
export async function checkCertificates({ environment }: StackConfig): Promise<readonly DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const name of CERTIFICATE_VARIABLES) {
    const path = environment[name];
    if (path) checks.push(checkBundle(name, path));
  }
  if (checks.length > 0) return checks;
  const detail = `none of ${CERTIFICATE_VARIABLES.join(', ')} is set: the public authorities are trusted`;
  return [{ name: 'certificates', state: 'ok', detail }];
}

function checkBundle(name: string, path: string): DoctorCheck {
  try {
    const count = readBundle(name, path).match(/BEGIN CERTIFICATE/g)?.length ?? 0;
    return { name, state: 'ok', detail: `${path}, ${count} ${count === 1 ? 'certificate' : 'certificates'}` };
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    return { name, state: 'problem', detail: error.message, remedy: error.hint };
  }
}

/** Checks Docker's engine and its Compose plugin, which only the Compose runtime uses. */
export function checkDocker(
  { settings }: StackConfig,
  answer: EngineAnswer,
  obstacle: ComposeObstacle | undefined,
): readonly DoctorCheck[] {
  const name = 'Docker';
  const isAsked = settings.RUNTIME === 'compose';
  const state = isAsked ? 'problem' : 'note';
  const otherwise = isAsked ? '' : '; the stack runs without, as local processes';
  if (obstacle) return [{ name, state, detail: `${obstacle.reason}${otherwise}`, remedy: obstacle.hint }];
  if (answer.engine) {
    const { version, composeVersion, host } = answer.engine;
    return [{ name, state: 'ok', detail: `engine ${version} at ${host}, Compose ${composeVersion}` }];
  }
  return [
    {
      name,
      state,
      detail: `${answer.declined}${otherwise}`,
      remedy: `Install Docker with Compose 2.30 or newer, and start it: ${installText('docker')}`,
    },
  ];
}

/** Checks for a Java that Spark supports; without one, `up` downloads Java 17 to its cache. */
export async function checkJava(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const memory = join(config.cacheDir, 'java', 'known.json');
  const { found, declined } = await findJava(toolEnvironment(config.environment), memory, signal);
  const name = 'Java';
  const passedOver = declined.map((reason) => `; ${reason}`).join('');
  if (found) return [{ name, state: 'ok', detail: `${found.version} (${found.home})${passedOver}` }];
  return [
    {
      name,
      state: 'note',
      detail: `none that Spark 3.5 runs on (8, 11 or 17)${passedOver}; \`${userCommand('up')}\` downloads one to its cache`,
      remedy: `If you prefer the system's: ${installText('java')}`,
    },
  ];
}

/** The same as in package.json's `engines` and in bootstrap.mjs. */
const OLDEST = [20, 19] as const;

/** Checks the Node.js that runs this command. */
export async function checkNode(): Promise<readonly DoctorCheck[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  const name = 'Node.js';
  if (isNew) return [{ name, state: 'ok', detail: `${process.versions.node} (${process.execPath})` }];
  return [
    {
      name,
      state: 'problem',
      detail: `${process.versions.node} is older than ${OLDEST.join('.')}`,
      remedy: `Install Node.js ${OLDEST.join('.')} or newer (with nvm: \`nvm install 22\`).`,
    },
  ];
}

/** Checks for a Python to install PySpark with, unless PySpark is installed already. */
export async function checkPython(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const environment = toolEnvironment(config.environment);
  const name = 'Python';
  try {
    const { version, executable } = await findPython(environment, signal);
    return [{ name, state: 'ok', detail: `${version} with venv and pip (${executable})` }];
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    const installed = installedPySpark(config, environment);
    const detail = installed ? `${error.message} PySpark is installed already.` : error.message;
    return [{ name, state: installed ? 'note' : 'problem', detail, remedy: error.hint }];
  }
}

/** Checks what local processes need of the system itself. */
export async function checkSystem({ environment }: StackConfig): Promise<readonly DoctorCheck[]> {
  const name = 'system';
  const missing = missingOfSystem(environment);
  if (missing.length === 0) return [{ name, state: 'ok', detail: `${process.platform} ${process.arch}` }];
  const detail = `local processes need ${missing.join(' and ')}`;
  return [{ name, state: 'problem', detail, remedy: systemRemedy() }];
}
