import { accessSync, closeSync, constants, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';

/** Something that the machine's own package manager can install, or that a page explains. */
export type SystemPackage = 'python' | 'java' | 'docker';

/** A system as os-release(5) describes it. */
export interface SystemRelease {
  /**
   * ID and ID_LIKE, nearest first: `ubuntu`, `debian`; on other systems Node's name of the
   * platform.
   */
  readonly names: readonly string[];
  /** VERSION_ID: "12", "24.04", "9.4"; undefined for rolling releases. */
  readonly version: string | undefined;
}

/** How to get a package: a command of the system's package manager, or a page. */
export type InstallAdvice = PackageCommand | { readonly page: string };

interface PackageCommand {
  /** Without the packages: `sudo apt install`. */
  readonly manager: string;
  readonly packages: readonly string[];
}

/** Releases `from` on and below `before`, both as major versions; all releases when absent. */
interface Releases {
  readonly from?: number;
  readonly before?: number;
}

type Row = Releases & { readonly [wanted in SystemPackage]?: readonly string[] };

/**
 * Docker's own packages are the reliable way: Compose has to be 2.30 or newer, and distributions
 * carry older ones.
 */
const PAGES: Readonly<Record<SystemPackage, (names: readonly string[]) => string>> = {
  python: () => 'https://www.python.org/downloads/',
  java: () => 'https://adoptium.net/installation/linux/',
  docker: (names) => {
    const own = names.find((name) => ['ubuntu', 'debian', 'fedora', 'rhel', 'centos'].includes(name));
    return `https://docs.docker.com/engine/install/${own === undefined ? '' : `${own}/`}`;
  },
};

/**
 * The packages that are known to exist, by release. Anything else gets a page: a command that fails
 * helps nobody. `tests` checks those of Debian against the package lists of the machine that they
 * run on.
 */
const SYSTEMS: readonly {
  readonly names: readonly string[];
  readonly manager: string;
  readonly releases: readonly Row[];
}[] = [
  {
    names: ['ubuntu'],
    manager: 'sudo apt install',
    releases: [{ python: ['python3', 'python3-venv'] }, { from: 22, java: ['openjdk-17-jre-headless'] }],
  },
  {
    names: ['debian'],
    manager: 'sudo apt install',
    releases: [
      // Debian 13 has Java 21 and newer only.
      { from: 11, before: 13, java: ['openjdk-17-jre-headless'] },
      { python: ['python3', 'python3-venv'] },
    ],
  },
  // Fedora has dropped Java 17 with release 42.
  { names: ['fedora'], manager: 'sudo dnf install', releases: [{ python: ['python3'] }] },
  {
    names: ['rhel', 'centos', 'rocky', 'almalinux'],
    manager: 'sudo dnf install',
    releases: [
      // The package without a version is Python 3.6 in release 8; release 10 has Java 21 only.
      { from: 8, before: 9, python: ['python3.11'] },
      { from: 9, python: ['python3'] },
      { from: 8, before: 10, java: ['java-17-openjdk-headless'] },
    ],
  },
  {
    names: ['opensuse-leap'],
    manager: 'sudo zypper install',
    releases: [{ from: 15, before: 16, python: ['python311'], java: ['java-17-openjdk-headless'] }],
  },
  {
    names: ['arch'],
    manager: 'sudo pacman -S',
    releases: [
      { python: ['python'], java: ['jre17-openjdk-headless'], docker: ['docker', 'docker-compose'] },
    ],
  },
  {
    names: ['darwin'],
    manager: 'brew install',
    releases: [{ python: ['python@3.12'], java: ['openjdk@17'], docker: ['--cask', 'docker-desktop'] }],
  },
];

/** Returns how to get something on a system, by default this one. */
export function installAdvice(wanted: SystemPackage, system: SystemRelease = thisSystem()): InstallAdvice {
  const { names } = system;
  // The nearest name first: Ubuntu is like Debian and has other packages.
  const known = names.flatMap((name) => SYSTEMS.find((entry) => entry.names.includes(name)) ?? [])[0];
  // A derivative counts its own versions, which do not show the packages of the system that it is
  // like.
  const isItself = known?.names.includes(names[0] ?? '') ?? false;
  const row = known?.releases.find(
    (one) => one[wanted] !== undefined && isWithin(isItself ? system.version : undefined, one),
  );
  const packages = row?.[wanted];
  return known && packages ? { manager: known.manager, packages } : { page: PAGES[wanted](names) };
}

/** Returns the advice as the end of a sentence: a command in backquotes, or `see https://…`. */
export function installText(wanted: SystemPackage, system?: SystemRelease): string {
  const advice = installAdvice(wanted, system);
  return 'page' in advice ? `see ${advice.page}` : `\`${advice.manager} ${advice.packages.join(' ')}\``;
}

/** An unknown version is within no bounds. */
function isWithin(version: string | undefined, { from, before }: Releases): boolean {
  if (from === undefined && before === undefined) return true;
  const major = version === undefined ? Number.NaN : Number.parseInt(version, 10);
  return major >= (from ?? 0) && major < (before ?? Number.POSITIVE_INFINITY);
}

function thisSystem(): SystemRelease {
  if (process.platform !== 'linux') return { names: [process.platform], version: undefined };
  try {
    return parseRelease(readFileSync('/etc/os-release', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { names: [], version: undefined };
    throw error;
  }
}

/** Parses an os-release file. */
export function parseRelease(text: string): SystemRelease {
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\\n]*)["']?$`, 'm').exec(text)?.[1];
  const names = ['ID', 'ID_LIKE'].flatMap((key) => value(key)?.split(/\s+/).filter(Boolean) ?? []);
  return { names, version: value('VERSION_ID') };
}

/**
 * Finds what local processes need of the system itself and no package of ours can install: Spark's
 * programs are bash scripts, and the compiled packages are for glibc. Starts no process.
 * @param nodeProgram the running Node.js, which is built for the C library of the system
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

/** @throws ProductError UNSUPPORTED_SYSTEM, naming what is missing and the alternative */
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

/** Returns what to do on a system that local processes do not run on. */
export function systemRemedy(): string {
  return `Run it with Docker: \`${userCommand('up', '--runtime compose')}\` (to install it, ${installText('docker')}).`;
}

/** The head of every Linux program names the dynamic loader. */
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

/**
 * Returns the program that a name means on PATH, as a shell finds it; undefined when there is none.
 */
export function executableOnPath(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return (environment['PATH'] ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Whether there is a file that may be executed. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return false;
    throw error;
  }
}
