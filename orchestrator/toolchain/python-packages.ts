import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ProductError } from '../util/product-error.ts';
import { certificateAuthorities } from './certificates.ts';
import { executableOnPath, installText } from './install-advice.ts';
import type { BuildJob } from './installation.ts';
import { runTool, toolFailure } from './run-tool.ts';

/** What is installed into a venv of its own. */
export interface PythonPackages {
  /** "pyspark 3.5.7", for people. */
  readonly subject: string;
  /** In pip's notation: `pyspark==3.5.7`. */
  readonly requirements: readonly string[];
  /** The package whose files are checked and recorded. */
  readonly main: { readonly name: string; readonly version: string };
}

/**
 * Overrides what a pip.conf may set for other installations: into the user's folder, without
 * dependencies, not at all, or from wheels alone, which PySpark does not have. Mirrors, proxies and
 * certificates stay as they are set there.
 */
const INTO_THE_VENV = { PIP_USER: '0', PIP_NO_DEPS: '0', PIP_DRY_RUN: '0', PIP_ONLY_BINARY: ':none:' };

/**
 * Tries per address: enough for an unreliable network, few enough to find out in seconds that there
 * is none.
 */
const PIP_RETRIES = '2';

/**
 * Makes a venv in the job's folder and installs packages into it with pip, under pip's own
 * configuration.
 * @param environment as `toolEnvironment` gives it
 * @returns the folder of the packages, relative to the venv, and the main package's files, relative
 * to that folder, each checked against what pip recorded
 * @throws ProductError PROVISION_FAILED
 */
export async function installPythonPackages(
  job: BuildJob,
  python: Python,
  packages: PythonPackages,
  environment: Readonly<Record<string, string | undefined>>,
  cacheDir: string,
): Promise<{ readonly sitePackages: string; readonly files: readonly string[] }> {
  job.say(`making a venv with Python ${python.version}`);
  const own = {
    ...environment,
    ...certificateAuthorities(environment, cacheDir).forPip(),
    PIP_RETRIES: environment['PIP_RETRIES'] || PIP_RETRIES,
    // PySpark comes as source only: pip builds a wheel of its 340 MB of jars, compresses it and
    // unpacks it again. Without the compression that takes half the processor time. It is set as a
    // variable, since an older pip refuses the option.
    PIP_CONFIG_SETTINGS: environment['PIP_CONFIG_SETTINGS'] || '--build-option=--compression=stored',
    PIP_USE_PEP517: '1',
    ...INTO_THE_VENV,
    PYTHONUNBUFFERED: '1',
    // pip unpacks and builds there. A small /tmp in memory would not hold it, and a killed run's
    // files are found again here.
    TMPDIR: job.temporary,
  };
  const venv = await job.run({
    file: python.executable,
    args: ['-m', 'venv', job.folder],
    environment: own,
  });
  if (!venv.succeeded) throw toolFailure(packages.subject, 'python -m venv', venv);
  job.say(`looking up ${packages.subject}`);
  const pip = await job.run({
    file: join(job.folder, 'bin', 'python'),
    args: [
      ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off'],
      // Python compiles what it imports at its first use. Compiling everything would take seconds,
      // and most is never imported.
      '--no-compile',
      ...packages.requirements,
    ],
    environment: own,
    onLine: (line) => {
      const phrase = phraseOf(line);
      if (phrase) job.say(phrase);
    },
  });
  if (!pip.succeeded) throw toolFailure(packages.subject, 'pip', pip);
  job.say(`checking ${packages.subject}`);
  const sitePackages = join('lib', `python${python.version}`, 'site-packages');
  const files = await recordedFiles(join(job.folder, sitePackages), packages.main);
  return { sitePackages, files };
}

/** Returns what pip does after a line of its output, as a phrase. */
export function phraseOf(line: string): string | undefined {
  const [, action, file, size] =
    /^\s*(Downloading|Using cached)\s+(?:\S*\/)?(\S+?)(?:\s+\(([^)]+)\))?$/.exec(line) ?? [];
  if (file?.endsWith('.metadata')) return undefined;
  if (action === 'Downloading') return `downloading ${file}${size ? ` (${size})` : ''}`;
  if (action) return `unpacking ${file} from pip's cache`;
  const [, built] = /^\s*Building wheel for ([\w-]+)/.exec(line) ?? [];
  if (built) return `building ${built}`;
  if (line.startsWith('Installing collected packages')) return 'installing';
  if (/^\s*WARNING: Retrying/.test(line)) return 'no connection yet, trying again';
  return undefined;
}

/**
 * One row of RECORD: path, `sha256=<unpadded url-safe base64>`, bytes. Source: PyPA, "Recording
 * installed projects".
 */
const ROW = /^(?<path>"(?:[^"]|"")*"|[^,]*),sha256=(?<hash>[\w-]+),\d+$/;

/**
 * Returns the files that pip recorded for an installed package, relative to the folder of packages.
 * @throws ProductError PROVISION_FAILED when one has another content than recorded
 */
export async function recordedFiles(
  sitePackages: string,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<readonly string[]> {
  const rows = (await readFile(join(sitePackages, `${name}-${version}.dist-info`, 'RECORD'), 'utf8')).split(
    /\r?\n/,
  );
  const files: string[] = [];
  for (const row of rows) {
    const { path, hash } = ROW.exec(row)?.groups ?? {};
    if (path === undefined) continue;
    const file = path.startsWith('"') ? path.slice(1, -1).replaceAll('""', '"') : path;
    const content = await readFile(join(sitePackages, file));
    if (createHash('sha256').update(content).digest('base64url') !== hash) {
      throw new ProductError('PROVISION_FAILED', {
        message: `${name} ${version} is damaged: ${file} is not what pip recorded.`,
        hint: `Run \`${userCommand('up')}\` again; if the error stays, empty pip's cache with \`python3 -m pip cache purge\`.`,
      });
    }
    files.push(file);
  }
  return files;
}

/** A Python from which venvs can be made. */
export interface Python {
  /** The program that was found; venvs are made with it. */
  readonly executable: string;
  /** The interpreter behind it, outside any venv or version manager's shim. */
  readonly base: string;
  /** Major and minor: "3.11". */
  readonly version: string;
}

const OLDEST_MINOR = 9;
/**
 * PySpark 3.5 may or may not work with newer versions: they are used only when there is no other.
 */
const NEWEST_TESTED_MINOR = 13;

const minorOf = (version: string): number => Number(version.split('.')[1]);

/** The search order. The name without a version comes first, as it is the user's choice. */
const NAMES = [
  'python3',
  ...Array.from(
    { length: NEWEST_TESTED_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${NEWEST_TESTED_MINOR - index}`,
  ),
];

/** Prints what we need to know of a Python; runs on any version, also on 2. */
const QUESTION = `
import sys
problem = ""
try:
    import venv, ensurepip
except ImportError as error:
    problem = str(error)
base = getattr(sys, "_base_executable", None) or sys.executable
print("%d.%d\\n%s\\n%s" % (sys.version_info[0], sys.version_info[1], base, problem))
`;

import { userCommand } from '../util/user-command.ts';

/**
 * Finds a Python: the one that PYTHON names, else the first usable on PATH.
 * @throws ProductError PYTHON_MISSING, with what was found and how to fix it
 */
export async function findPython(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Python> {
  const asked = environment['PYTHON'];
  const seen: string[] = [];
  let untested: Python | undefined;
  for (const name of asked ? [asked] : NAMES) {
    const executable = name.includes('/') ? resolve(name) : executableOnPath(name, environment);
    if (executable === undefined) continue;
    const answer = await ask(executable, environment, signal);
    if ('python' in answer) {
      if (asked || minorOf(answer.python.version) <= NEWEST_TESTED_MINOR) return answer.python;
      untested ??= answer.python;
      continue;
    }
    seen.push(`${executable} ${answer.problem}`);
  }
  if (untested) return untested;
  throw missing(asked, seen);
}

type Answer = { readonly python: Python } | { readonly problem: string };

async function ask(
  executable: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Answer> {
  const run = { file: executable, args: ['-c', QUESTION], cwd: '/', environment, signal };
  let end: Awaited<ReturnType<typeof runTool>>;
  try {
    end = await runTool(run);
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `cannot be run (${(error as NodeJS.ErrnoException).code ?? error})` };
  }
  if (!end.succeeded) return { problem: `ended with ${end.detail}` };
  const [version = '', base = '', problem = ''] = end.lines;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== 3 || minor < OLDEST_MINOR) return { problem: `is Python ${version}` };
  if (problem) return { problem: `is Python ${version}, ${problem}` };
  return { python: { executable, base, version } };
}

function missing(asked: string | undefined, seen: readonly string[]): ProductError {
  const found = seen.length > 0 ? seen.join('; ') : 'none was found on PATH';
  return new ProductError('PYTHON_MISSING', {
    message: asked
      ? `PYTHON=${asked} is not a usable Python (3.9 or newer, with venv and pip): ${seen.length > 0 ? found : 'no such program'}.`
      : `No usable Python (3.9 or newer, with venv and pip): ${found}.`,
    hint: asked
      ? 'Correct PYTHON, or unset it to search PATH.'
      : `Install Python 3.9 or newer with venv and ensurepip (${installText('python')}), or name another with PYTHON=/path/to/python3, then run \`${userCommand('up')}\` again.`,
  });
}
