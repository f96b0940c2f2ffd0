import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { scratchFolder, script } from '../../tests/support/scratch-folder.ts';
import { featureVersion, findJava, javaCandidates } from './java.ts';

let folder: string;
beforeEach(() => {
  folder = scratchFolder();
});

const signal = new AbortController().signal;
const find = (environment: Record<string, string>) =>
  findJava({ PATH: join(folder, 'bin'), ...environment }, join(folder, 'known.json'), signal, []);

/** A java that describes itself as the real one does, and records that it was asked. */
function java(home: string, version: string): string {
  const said = `    java.home = ${home}\\n    java.version = ${version}\\n`;
  script(join(home, 'bin', 'java'), `echo x >> ${folder}/asked; printf '${said}' >&2`);
  return home;
}
const timesAsked = () => readFileSync(join(folder, 'asked'), 'utf8').length / 2;

test.each([
  ['17.0.15', 17],
  ['1.8.0_402', 8],
  ['11', 11],
  ['21-ea', 21],
])('the feature version of %s is %d', (version, feature) => {
  expect(featureVersion(version)).toBe(feature);
});

test('JAVA_HOME is taken when Spark supports it', async () => {
  const home = java(join(folder, 'seventeen'), '17.0.15');
  expect(await find({ JAVA_HOME: home })).toEqual({ found: { home, version: '17.0.15' }, declined: [] });
});

test('Java 21 is declined with the reason and the next one taken', async () => {
  const home = java(join(folder, 'new'), '21.0.2');
  script(
    join(folder, 'bin', 'java'),
    `printf '    java.home = ${folder}/eight\\n    java.version = 1.8.0_402\\n' >&2`,
  );
  const { found, declined } = await find({ JAVA_HOME: home });
  expect(found?.version).toBe('1.8.0_402');
  expect(declined).toEqual([`JAVA_HOME=${home} is Java 21.0.2, and Spark 3.5 runs on 8, 11 and 17`]);
});

test('a java that cannot be run, such as a placeholder of the system, is passed over', async () => {
  script(join(folder, 'bin', 'java'), 'echo "Unable to locate a Java Runtime" >&2; exit 1');
  expect(await find({})).toEqual({ declined: [`${folder}/bin/java on PATH ended with exit code 1`] });
});

test('a java is asked once, and again when its file changes or its home is gone', async () => {
  const home = java(join(folder, 'seventeen'), '17.0.15');
  await find({ JAVA_HOME: home });
  await find({ JAVA_HOME: home });
  expect(timesAsked()).toBe(1);
  java(home, '11.0.20+8');
  expect((await find({ JAVA_HOME: home })).found?.version).toBe('11.0.20+8');
  expect(timesAsked()).toBe(2);
});

test('the common folders are searched for 17 first, then 11, then 8', () => {
  for (const name of ['java-8-openjdk', 'temurin-11-jdk', 'zulu-21', 'java-17-openjdk']) {
    java(join(folder, 'jvm', name), '0');
  }
  const places = [{ folder: join(folder, 'jvm'), below: '' }];
  const names = [...javaCandidates({}, places)].map(({ origin }) => origin.split('/').at(-3));
  expect(names).toEqual(['java-17-openjdk', 'temurin-11-jdk', 'java-8-openjdk', 'zulu-21']);
});
