import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { namelessUserOptions } from './nameless-user.ts';

const CLASSES = join(import.meta.dirname, 'classes');

test('a user with a name needs nothing; another gets a replacement for the JDK’s class, as its Java requires', () => {
  const java = mkdtempSync(join(tmpdir(), 'java-'));
  onTestFinished(() => rmSync(java, { recursive: true }));
  expect(namelessUserOptions(java, '/home/me', 'me')).toEqual([]);
  const nameless = (home?: string) => namelessUserOptions(java, home, null);
  expect(nameless()).toEqual([`-Xbootclasspath/p:${CLASSES}`]);
  mkdirSync(join(java, 'lib'));
  writeFileSync(join(java, 'lib', 'modules'), '');
  expect(nameless('/home/me')).toEqual([
    `--patch-module=jdk.security.auth=${CLASSES}`,
    '-Duser.home=/home/me',
  ]);
});

const javac = spawnSync('javac', ['-version']).status;
test.skipIf(javac !== 0)('the class is what its source compiles to', () => {
  const folder = mkdtempSync(join(tmpdir(), 'javac-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const source = join(import.meta.dirname, 'UnixSystem.java');
  spawnSync('javac', ['--release', '8', '-Xlint:-options', '-g:none', '-d', folder, source]);
  const file = join('com', 'sun', 'security', 'auth', 'module', 'UnixSystem.class');
  expect(readFileSync(join(CLASSES, file)).equals(readFileSync(join(folder, file)))).toBe(true);
});
