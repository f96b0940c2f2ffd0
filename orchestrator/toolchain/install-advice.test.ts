import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { installAdvice, installText, parseRelease, type SystemPackage } from './install-advice.ts';

const DEBIAN = (version: string) => `ID=debian\nVERSION_ID="${version}"\n`;
const UBUNTU = (version: string) => `ID=ubuntu\nID_LIKE=debian\nVERSION_ID="${version}"\n`;
const ROCKY = (version: string) => `ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="${version}"\n`;

test.each<[string, SystemPackage, string]>([
  [DEBIAN('12'), 'python', '`sudo apt install python3 python3-venv`'],
  [DEBIAN('12'), 'java', '`sudo apt install openjdk-17-jre-headless`'],
  [DEBIAN('12'), 'docker', 'see https://docs.docker.com/engine/install/debian/'],
  [DEBIAN('13'), 'python', '`sudo apt install python3 python3-venv`'],
  [DEBIAN('13'), 'java', 'see https://adoptium.net/installation/linux/'],
  ['ID=debian\n', 'java', 'see https://adoptium.net/installation/linux/'],
  [UBUNTU('22.04'), 'java', '`sudo apt install openjdk-17-jre-headless`'],
  [UBUNTU('24.04'), 'docker', 'see https://docs.docker.com/engine/install/ubuntu/'],
  [
    'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
    'java',
    'see https://adoptium.net/installation/linux/',
  ],
  [
    'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n',
    'python',
    '`sudo apt install python3 python3-venv`',
  ],
  ['ID=fedora\nVERSION_ID=42\n', 'python', '`sudo dnf install python3`'],
  ['ID=fedora\nVERSION_ID=42\n', 'java', 'see https://adoptium.net/installation/linux/'],
  [ROCKY('8.10'), 'python', '`sudo dnf install python3.11`'],
  [ROCKY('9.4'), 'python', '`sudo dnf install python3`'],
  [ROCKY('9.4'), 'java', '`sudo dnf install java-17-openjdk-headless`'],
  [ROCKY('9.4'), 'docker', 'see https://docs.docker.com/engine/install/rhel/'],
  [ROCKY('10.0'), 'java', 'see https://adoptium.net/installation/linux/'],
  [
    'ID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n',
    'python',
    '`sudo zypper install python311`',
  ],
  [
    'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\nVERSION_ID="20260101"\n',
    'python',
    'see https://www.python.org/downloads/',
  ],
  ['ID=arch\n', 'docker', '`sudo pacman -S docker docker-compose`'],
  ['ID=alpine\nVERSION_ID=3.22.0\n', 'docker', 'see https://docs.docker.com/engine/install/'],
  ['', 'python', 'see https://www.python.org/downloads/'],
])('on the system %j, %s: %s', (release, wanted, advice) => {
  expect(installText(wanted, parseRelease(release))).toBe(advice);
});

test('on macOS everything comes with Homebrew', () => {
  for (const wanted of ['python', 'java', 'docker'] as const) {
    expect(installText(wanted, { names: ['darwin'], version: undefined })).toMatch(/^`brew install /);
  }
});

/** Undefined where there is no apt, or where its lists were never fetched. */
function aptCandidate(name: string): string | undefined {
  const policy = execFileSync('apt-cache', ['policy', name], { encoding: 'utf8' });
  return /Candidate: (?!\(none\))(\S+)/.exec(policy)?.[1];
}
const hasLists =
  existsSync('/usr/bin/apt-cache') &&
  aptCandidate('bash') !== undefined &&
  aptCandidate('python3') !== undefined;

describe.skipIf(!hasLists)('the package lists of this machine (skipped without apt or its lists)', () => {
  test.each(['python', 'java', 'docker'] as const)('have every package of the command for %s', (wanted) => {
    const advice = installAdvice(wanted);
    if ('page' in advice) return expect(advice.page).toMatch(/^https:\/\//);
    expect(advice.manager).toBe('sudo apt install');
    expect(advice.packages.map((name) => [name, aptCandidate(name) !== undefined])).toEqual(
      advice.packages.map((name) => [name, true]),
    );
  });
});
