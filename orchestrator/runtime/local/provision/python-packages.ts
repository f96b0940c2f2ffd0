import { join } from 'node:path';
import { certificateAuthorities } from './certificate-authorities.ts';
import type { Python } from './find-python.ts';
import type { BuildJob } from './installation.ts';
import { recordedFiles } from './recorded-files.ts';
import { toolFailure } from './tool-failure.ts';

/** What is installed into a venv of its own. */
export interface PythonPackages {
  /** "pyspark 3.5.7", for people. */
  readonly subject: string;
  /** As pip takes them: `pyspark==3.5.7`. */
  readonly requirements: readonly string[];
  /** The package whose files are checked and recorded. */
  readonly main: { readonly name: string; readonly version: string };
}

/**
 * Overrides what a pip.conf may say of other installations: into the user's folder, without dependencies, not at all, or
 * from wheels alone, which PySpark does not have. Mirrors, proxies and certificates stay as they are set there.
 */
const INTO_THE_VENV = { PIP_USER: '0', PIP_NO_DEPS: '0', PIP_DRY_RUN: '0', PIP_ONLY_BINARY: ':none:' };

/** Tries per address: enough for a network that stumbles, few enough to tell in seconds that there is none. */
const PIP_RETRIES = '2';

/**
 * Makes a venv in the job's folder and installs packages into it with pip, under pip's own configuration.
 * @param environment as `toolEnvironment` gives it
 * @returns the folder of the packages, relative to the venv, and the main package's files, relative to that, each found to
 *   be what pip recorded
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
    // PySpark comes as source only: pip builds a wheel of its 340 MB of jars, compresses it and unpacks it again. Without
    // the compression that takes half the processor time. As a variable, since an older pip refuses the option.
    PIP_CONFIG_SETTINGS: environment['PIP_CONFIG_SETTINGS'] || '--build-option=--compression=stored',
    PIP_USE_PEP517: '1',
    ...INTO_THE_VENV,
    PYTHONUNBUFFERED: '1',
    // pip unpacks and builds there; a small /tmp in memory would not hold it, and a killed run's files are found again here.
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
      // Python compiles what it imports at its first use; the whole would take seconds and most is never imported.
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

/** What a line of pip's says about the time that follows it. */
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
