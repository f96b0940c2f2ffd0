import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVICE_NAMES, SERVICES } from '../../orchestrator/services/services.ts';
import { SETTING_NAMES, SETTING_TABLE, type SettingName } from '../../orchestrator/settings/setting-table.ts';
import { ERROR_CATALOGUE } from '../../orchestrator/util/product-error.ts';
import { parseEnvFile } from '../../producer/command/env-file.ts';
import { projectDir } from '../support/project.ts';

const read = (path: string) => readFileSync(join(projectDir, path), 'utf8');

/** The cells of a Markdown table's rows, without the two lines of its head. */
function tableRows(document: string, firstColumn: string): string[][] {
  const lines = document.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${firstColumn} |`));
  expect(head, `a table that begins with ${firstColumn}`).toBeGreaterThanOrEqual(0);
  const rest = lines.slice(head + 2);
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

function defaultOf(name: SettingName): string {
  const definition = SETTING_TABLE[name];
  return 'defaultText' in definition ? definition.defaultText : definition.default;
}

describe('the settings table of the README', () => {
  it('equals the settings that are checked', () => {
    const expected = SETTING_NAMES.map((name) => [name, defaultOf(name), SETTING_TABLE[name].meaning]);
    expect(tableRows(read('README.md'), 'Setting')).toEqual(expected);
  });
});

describe('.env.example', () => {
  const example = read('.env.example');

  it('has every setting with its meaning above it, commented out', () => {
    for (const name of SETTING_NAMES) {
      const line = example.split('\n').findIndex((text) => text.startsWith(`#${name}=`));
      expect(line, name).toBeGreaterThan(0);
      expect(example.split('\n')[line - 1]).toContain(SETTING_TABLE[name].meaning);
    }
  });

  it('holds the defaults, so that taking out every comment sign changes nothing', () => {
    const values = parseEnvFile(Buffer.from(example.replaceAll(/^#([A-Z_]+=)/gm, '$1')), {});
    for (const name of SETTING_NAMES) {
      const definition = SETTING_TABLE[name];
      const fixed = 'default' in definition && !('defaultText' in definition) ? definition.default : '';
      expect(values[name], name).toBe(fixed);
    }
  });
});

describe('docs/errors.md', () => {
  it('lists the catalogue of errors with exit codes and meanings', () => {
    const expected = Object.entries(ERROR_CATALOGUE).map(([code, { exitCode, meaning }]) => [
      code,
      String(exitCode),
      meaning,
    ]);
    const rows = tableRows(read('docs/errors.md'), 'Code');
    expect(rows).toEqual(expected.map((row) => row.map((cell) => cell.replaceAll('`', ''))));
  });
});

describe('docs/design.md', () => {
  it('shows how to add a service, with every field that each service has', () => {
    const section = read('docs/design.md').split('### Add a service')[1] ?? '';
    const example = /```ts\n(.*?)```/s.exec(section)?.[1] ?? '';
    const [first, ...others] = SERVICES.map((service) => Object.keys(service));
    const fields = (first ?? []).filter((field) => others.every((keys) => keys.includes(field)));
    expect(fields).toContain('asProcess');
    expect([...example.matchAll(/^ {2}(\w+):/gm)].map(([, field]) => field)).toEqual(fields);
  });
});

describe('the README', () => {
  const readme = read('README.md');

  it('names every service', () => {
    for (const name of SERVICE_NAMES) expect(readme).toContain(`\`${name}\``);
  });

  it('shows only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const shown = [...readme.matchAll(/npm (?:run )?(?:--silent )?([a-z]+)/g)].map((match) => match[1] ?? '');
    const known = [...Object.keys(scripts), 'ci'];
    expect([...new Set(shown)].filter((name) => name !== 'run' && !known.includes(name))).toEqual([]);
  });

  it('links only to files that exist', () => {
    for (const [, path = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      expect(() => read(path), path).not.toThrow();
    }
  });
});

describe('every document', () => {
  const documents = ['.', 'docs', 'producer'].flatMap((folder) =>
    readdirSync(join(projectDir, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  );

  it.each(documents)('%s has no mark of a merge that was left undone', (path) => {
    expect(read(path)).not.toMatch(/^(<{7}|={7}|>{7})( |$)/m);
  });
});
