import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { ivyProgress, ivySettings, wholeJars } from './jars.ts';

let folder: string;
beforeEach(() => {
  folder = scratchFolder();
});

/** The smallest archive: nothing but the end of an empty directory. */
const EMPTY_ARCHIVE = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);

test('whole jars are listed, in folders below too, and other files are not', async () => {
  mkdirSync(join(folder, 'cache'));
  writeFileSync(join(folder, 'a.jar'), EMPTY_ARCHIVE);
  writeFileSync(join(folder, 'cache', 'b.jar'), Buffer.concat([Buffer.alloc(100_000), EMPTY_ARCHIVE]));
  writeFileSync(join(folder, 'ivy.xml'), '');
  expect((await wholeJars(folder)).toSorted()).toEqual(['a.jar', 'cache/b.jar']);
});

test.each([[Buffer.alloc(0)], [Buffer.alloc(100_000, 'x')], [EMPTY_ARCHIVE.subarray(0, 3)]])(
  'a jar that was cut short is an error that names it',
  async (content) => {
    writeFileSync(join(folder, 'a.jar'), content);
    await expect(wholeJars(folder)).rejects.toMatchObject({
      code: 'PROVISION_FAILED',
      message: `${join(folder, 'a.jar')} is not a whole archive.`,
    });
  },
);

test("the user's own settings are taken, and refused when they are not there", () => {
  const own = join(folder, 'own.xml');
  writeFileSync(own, '<ivysettings/>');
  expect(ivySettings({ IVY_SETTINGS_FILE: own }, folder)).toBe(own);
  expect(() => ivySettings({ IVY_SETTINGS_FILE: `${own}x` }, folder)).toThrow('IVY_SETTINGS_FILE');
});

test("Spark's variable for another repository is honoured, and its value is not written to a file", () => {
  const environment = { DEFAULT_ARTIFACT_REPOSITORY: 'https://me:secret@mirror.example/maven' };
  const settings = readFileSync(ivySettings(environment, folder), 'utf8');
  expect(settings).toContain(`root="\${env.DEFAULT_ARTIFACT_REPOSITORY}"`);
  expect(settings).not.toContain('secret');
  expect(readFileSync(ivySettings({}, folder), 'utf8')).not.toContain('root=');
});

test('look-ups and downloads are counted', () => {
  const said: string[] = [];
  const onLine = ivyProgress('Kafka', (phrase) => said.push(phrase));
  onLine('\tfound org.apache.kafka#kafka_2.13;3.9.2 in central');
  onLine('\tfound org.slf4j#slf4j-api;1.7.36 in central');
  onLine('downloading https://repo.example/kafka_2.13-3.9.2.jar ...');
  onLine('.... (5000kB)');
  expect(said).toEqual([
    'looking up Kafka: 1 modules',
    'looking up Kafka: 2 modules',
    'downloading Kafka: jar 1 of 2',
  ]);
});
