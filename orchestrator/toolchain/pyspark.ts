import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { StackConfig } from '../settings/stack-config.ts';
import type { StepContext } from '../util/run-plan.ts';
import { ensureInstalled } from './installation.ts';
import { installPythonPackages, type Python } from './python-packages.ts';
import { readStamp, type Stamp } from './stamp.ts';

/** An installed PySpark. */
export interface PySpark {
  /** The venv's Python. */
  readonly python: string;
  /** The package's folder, which contains `bin/` and `jars/`. */
  readonly home: string;
  /** "3.11" */
  readonly pythonVersion: string;
}

/**
 * The sdist, its unpacked copy, the wheel built from it and the installed files exist at the same
 * time.
 */
const NEEDED_BYTES = 1_800_000_000;

/** Files that the services do not use: their absence or change does not matter. */
const IRRELEVANT = /^pyspark\/(examples|licenses|data|tests|python\/docs)\/|\/tests?\/|\.pyc$|^\.\./;

/**
 * Provides PySpark of SPARK_VERSION in a venv. An existing one is used whatever Python is first on
 * PATH now, unless PYTHON names another, so that the common case starts no process.
 * @param findPython called only when PySpark has to be installed
 * @throws ProductError PYTHON_MISSING, PROVISION_FAILED
 */
export async function ensurePySpark(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  findPython: () => Promise<Python>,
  context: StepContext,
): Promise<{ readonly pyspark: PySpark; readonly made: boolean; readonly remark: string }> {
  const version = config.settings.SPARK_VERSION;
  const parent = join(config.cacheDir, 'pyspark');
  const installed = installedPySpark(config, environment);
  if (installed) return { pyspark: installed, made: false, remark: '' };
  const lost = folders(config).flatMap(({ folder, stamp }) => lostPython(folder, stamp) ?? []);
  const python = await findPython();
  const folder = join(parent, `${version}-py${python.version}${machine()}`);
  const { stamp, made } = await ensureInstalled(
    {
      folder,
      subject: `pyspark ${version}`,
      recipe: recipeOf(version),
      neededBytes: NEEDED_BYTES,
      resumable: false,
      missing: (stamp) => lostPython(folder, stamp),
      build: async (job) => {
        const packages = {
          subject: `pyspark ${version}`,
          // Spark 3.5 imports distutils, which left the standard library with 3.12 and lives on in
          // setuptools.
          requirements: [
            `pyspark==${version}`,
            ...(Number(python.version.split('.')[1]) >= 12 ? ['setuptools'] : []),
          ],
          main: { name: 'pyspark', version },
        };
        const { sitePackages, files } = await installPythonPackages(
          job,
          python,
          packages,
          environment,
          config.cacheDir,
        );
        return {
          files: files.filter((file) => !IRRELEVANT.test(file)).map((file) => join(sitePackages, file)),
          facts: { home: join(sitePackages, 'pyspark'), pythonVersion: python.version, base: python.base },
        };
      },
    },
    config.projectDir,
    context,
  );
  const [reason] = lost;
  return { pyspark: pySparkOf(folder, stamp), made, remark: made && reason ? ` again, since ${reason}` : '' };
}

const recipeOf = (version: string): string => `pyspark==${version}`;

/** Builds for several machines can share a home folder. */
const machine = (): string => `-${process.platform}-${process.arch}`;

/**
 * Returns the PySpark of SPARK_VERSION that is intact and fits PYTHON, if there is one; starts no
 * process.
 */
export function installedPySpark(
  config: StackConfig,
  { PYTHON: asked }: Readonly<Record<string, string | undefined>>,
): PySpark | undefined {
  const usable = folders(config).filter(({ folder, stamp }) => lostPython(folder, stamp) === undefined);
  const found = usable.find(({ stamp }) => !asked || samePython(asked, stamp));
  return found && pySparkOf(found.folder, found.stamp);
}

/**
 * Returns the intact installations of SPARK_VERSION for this kind of machine, in the order of their
 * names.
 */
function folders({ cacheDir, settings: { SPARK_VERSION: version } }: StackConfig) {
  const parent = join(cacheDir, 'pyspark');
  if (!existsSync(parent)) return [];
  const name = new RegExp(`^${version.replaceAll('.', '\\.')}-py3\\.\\d+${machine()}$`);
  return readdirSync(parent)
    .filter((candidate) => name.test(candidate))
    .toSorted()
    .flatMap((candidate) => {
      const folder = join(parent, candidate);
      const stamp = readStamp(folder, recipeOf(version));
      return stamp ? [{ folder, stamp }] : [];
    });
}

/**
 * Why the interpreter behind a venv is no longer the one that the venv was made with: a venv has
 * links to a Python of the system, which an upgrade removes or replaces. Starts no process: the
 * program's own name has its version.
 * @returns a phrase; undefined when the venv can be used
 */
export function lostPython(folder: string, { facts }: Stamp): string | undefined {
  const python = pythonOf(folder);
  if (!existsSync(python)) return `its Python (${facts['base'] ?? python}) is gone`;
  const now = /^python(3\.\d+)$/.exec(basename(realpathSync(python)))?.[1];
  const made = facts['pythonVersion'];
  return now === undefined || now === made ? undefined : `its Python was ${made} and is ${now} now`;
}

/** Whether the interpreter that PYTHON names is the one the venv was made with. */
function samePython(asked: string, { facts }: Stamp): boolean {
  const base = facts['base'] ?? '';
  return existsSync(asked) && existsSync(base) && realpathSync(asked) === realpathSync(base);
}

const pythonOf = (folder: string): string => join(folder, 'bin', 'python');

function pySparkOf(folder: string, { facts }: Stamp): PySpark {
  return {
    python: pythonOf(folder),
    home: join(folder, facts['home'] ?? ''),
    pythonVersion: facts['pythonVersion'] ?? '',
  };
}
