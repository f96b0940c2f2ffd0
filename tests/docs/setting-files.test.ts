import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  composeFileWithSettings,
  readmeWithSettings,
  settingFiles,
} from '../../orchestrator/settings/setting-documents.ts';
import { integer, type SettingRows } from '../../orchestrator/settings/setting-row.ts';
import { SETTING_TABLE } from '../../orchestrator/settings/setting-table.ts';
import { settingHelp } from '../../producer/command/command-line.ts';
import { readSettings } from '../../producer/config.ts';
import { hasPython, runJobProgram } from '../support/job-program.ts';
import { projectDir } from '../support/project.ts';

const read = (path: string) => readFileSync(join(projectDir, path), 'utf8');

/** Texts of the generated files by path. */
const generated = (table?: SettingRows) =>
  Object.fromEntries(settingFiles(read, table).map(({ path, text }) => [path, text]));

/** One more setting of job and producer. */
const WITH_ONE_MORE: SettingRows = {
  ...SETTING_TABLE,
  NEW_LIMIT: {
    takes: integer(1, 9),
    default: '3',
    usedBy: ['job', 'producer'],
    meaning: 'A limit that is new',
  },
};

describe('the files that are written from the table of settings', () => {
  it('are up to date', () => {
    for (const [path, text] of Object.entries(generated())) expect(read(path), path).toBe(text);
  });

  it('have a setting that is added to the table', () => {
    const files = generated(WITH_ONE_MORE);
    expect(files['.env.example']).toContain('\n# A limit that is new\n#NEW_LIMIT=3\n');
    expect(files['README.md']).toContain('\n| `NEW_LIMIT` | `3` | A limit that is new |\n');
    const { services } = parse(files['docker-compose.yml'] ?? '', { merge: true });
    for (const service of ['spark-streaming', 'producer']) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose's own notation.
      expect(services[service].environment['NEW_LIMIT'], service).toBe('${NEW_LIMIT:-3}');
    }
    expect(services['spark-worker'].environment).not.toHaveProperty('NEW_LIMIT');
    const { settings } = JSON.parse(files['spark-app/medallion/settings.json'] ?? '');
    expect(settings).toContainEqual(
      expect.objectContaining({ name: 'NEW_LIMIT', kind: 'integer', min: 1, max: 9, default: '3' }),
    );
  });

  it('give the producer a setting that is added, with its help and its check', () => {
    expect(settingHelp(WITH_ONE_MORE)).toMatchObject({ 'new-limit': 'A limit that is new' });
    expect(readSettings({}, WITH_ONE_MORE)).toMatchObject({ NEW_LIMIT: 3 });
    expect(readSettings({ NEW_LIMIT: ' 09 ' }, WITH_ONE_MORE)).toMatchObject({ NEW_LIMIT: 9 });
    expect(() => readSettings({ NEW_LIMIT: '10' }, WITH_ONE_MORE)).toThrow(
      'NEW_LIMIT="10" is not allowed: give a whole number from 1 to 9',
    );
  });

  it.runIf(hasPython)('give the job a setting that is added, with its check (not tried: no python3)', () => {
    const program = `
import json, sys
from medallion.settings import read_settings

rows = json.loads(json.load(sys.stdin))["settings"]
read = [read_settings({"NEW_LIMIT": text}, rows) for text in ("", " 09 ", "10")]
print(json.dumps([[values.get("new_limit"), problems] for values, problems in read]))`;
    const table = generated(WITH_ONE_MORE)['spark-app/medallion/settings.json'];
    expect(runJobProgram(program, table)).toEqual([
      [3, []],
      [9, []],
      [null, ['NEW_LIMIT is "10"; allowed: a whole number from 1 to 9']],
    ]);
  });

  it('lose a setting that is taken out, and take over a default that is changed', () => {
    const { SEED: _out, ...rest } = SETTING_TABLE;
    const files = generated({ ...rest, KAFKA_PORT: { ...rest.KAFKA_PORT, default: '19094' } });
    for (const text of Object.values(files)) expect(text).not.toMatch(/^\W*SEED\b/m);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Compose's own notation.
    const port = '${KAFKA_PORT:-19094}';
    expect(files['docker-compose.yml']).toContain(`EXTERNAL://localhost:${port}\n`);
    expect(files['docker-compose.yml']).toContain(`ports: ["127.0.0.1:${port}:${port}"]`);
    expect(files['.env.example']).toContain('\n#KAFKA_PORT=19094\n');
  });

  it('are refused without the marks between which the settings stand', () => {
    expect(() => readmeWithSettings('# No marks\n', SETTING_TABLE)).toThrow('no marks');
    const unknown = `${read('docker-compose.yml')}# settings of nobody, written\n# end of settings\n`;
    expect(() => composeFileWithSettings(unknown, SETTING_TABLE)).toThrow('settings of nobody');
    expect(() => composeFileWithSettings('services: {}\n', SETTING_TABLE)).toThrow('no marks');
  });
});
