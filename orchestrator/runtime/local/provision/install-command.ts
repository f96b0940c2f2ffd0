import { readFileSync } from 'node:fs';

/** Something that the machine's own package manager can bring. */
export type SystemPackage = 'python' | 'java' | 'docker';

const COMMANDS: readonly {
  /** Values of ID or ID_LIKE in os-release(5); or Node's platform. */
  readonly systems: readonly string[];
  readonly command: Readonly<Record<SystemPackage, string>>;
}[] = [
  {
    systems: ['debian', 'ubuntu'],
    command: {
      python: 'sudo apt install python3 python3-venv',
      java: 'sudo apt install openjdk-17-jre-headless',
      docker: 'sudo apt install docker.io docker-compose-v2',
    },
  },
  {
    systems: ['fedora', 'rhel', 'centos'],
    command: {
      python: 'sudo dnf install python3',
      java: 'sudo dnf install java-17-openjdk-headless',
      docker: 'sudo dnf install moby-engine docker-compose',
    },
  },
  {
    systems: ['suse', 'opensuse'],
    command: {
      python: 'sudo zypper install python311',
      java: 'sudo zypper install java-17-openjdk-headless',
      docker: 'sudo zypper install docker docker-compose',
    },
  },
  {
    systems: ['arch'],
    command: {
      python: 'sudo pacman -S python',
      java: 'sudo pacman -S jre17-openjdk-headless',
      docker: 'sudo pacman -S docker docker-compose',
    },
  },
  {
    systems: ['darwin'],
    command: {
      python: 'brew install python@3.12',
      java: 'brew install openjdk@17',
      docker: 'brew install --cask docker',
    },
  },
];

/** The command that installs something here; undefined on systems we do not know. */
export function installCommand(
  wanted: SystemPackage,
  systems: readonly string[] = thisSystem(),
): string | undefined {
  return COMMANDS.find((entry) => entry.systems.some((name) => systems.includes(name)))?.command[wanted];
}

/** What this system is, nearest first: `ubuntu`, `debian`. Source: os-release(5). */
function thisSystem(): readonly string[] {
  if (process.platform !== 'linux') return [process.platform];
  let release: string;
  try {
    release = readFileSync('/etc/os-release', 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return systemsOf(release);
}

/** The names in an os-release file. */
export function systemsOf(release: string): readonly string[] {
  return ['ID', 'ID_LIKE'].flatMap(
    (key) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(release)?.[1]?.split(/\s+/) ?? [],
  );
}
