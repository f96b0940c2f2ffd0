import { expect, test } from 'vitest';
import { installCommand, systemsOf } from './install-command.ts';

test.each([
  ['ID=ubuntu\nID_LIKE=debian\n', 'sudo apt install python3 python3-venv'],
  ['NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n', 'sudo dnf install python3'],
  ['ID=arch\n', 'sudo pacman -S python'],
  ['ID=somethingelse\n', undefined],
  ['', undefined],
])('on a system that calls itself %j Python comes with %j', (release, command) => {
  expect(installCommand('python', systemsOf(release))).toBe(command);
});

test('on macOS it comes with Homebrew', () => {
  expect(installCommand('python', ['darwin'])).toMatch(/^brew install /);
});
