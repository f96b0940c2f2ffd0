import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { loadPipeline, parsePipeline, pipelineFolder } from './load-pipeline.ts';
import { pipelineText } from './resolve.ts';

const projectDir = resolve(fileURLToPath(import.meta.url), '../../..');
const folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
const transactions = loadPipeline('transactions', projectDir);
const text = pipelineText(transactions);

afterAll(() => rmSync(folder, { recursive: true }));

describe('the setting PIPELINE', () => {
  it.each([
    ['transactions', '/project/pipelines/transactions'],
    ['./transactions', '/project/transactions'],
    ['mine/orders', '/project/mine/orders'],
    ['/elsewhere/orders', '/elsewhere/orders'],
    ['..', '/'],
  ])('%s means the folder %s', (setting, expected) => {
    expect(pipelineFolder(setting, '/project')).toBe(expected);
  });
});

describe('loading a pipeline', () => {
  it('takes a folder outside the project', () => {
    mkdirSync(join(folder, 'orders'));
    writeFileSync(join(folder, 'orders', 'pipeline.json'), text);
    expect(loadPipeline(join(folder, 'orders'), projectDir)).toEqual(transactions);
  });

  it('names the command that writes a pipeline.json from the files of its author', () => {
    mkdirSync(join(folder, 'new'));
    writeFileSync(join(folder, 'new', 'pipeline.yml'), '');
    expect(() => loadPipeline(join(folder, 'new'), projectDir)).toThrow(
      expect.objectContaining({
        code: 'BAD_PIPELINE',
        message: expect.stringContaining('new/pipeline.json cannot be read: ENOENT'),
        hint: expect.stringContaining('npm run generate'),
      }),
    );
  });

  it.each(['sales', './sales', '/nowhere/sales', 'README.md'])(
    'refuses the setting %s, which is no pipeline, and names those that are there',
    (setting) => {
      expect(() => loadPipeline(setting, projectDir)).toThrow(
        expect.objectContaining({
          code: 'BAD_SETTING',
          message: `PIPELINE="${setting}" is no pipeline: ${pipelineFolder(setting, projectDir)} has no pipeline.json.`,
          hint: expect.stringMatching(/pipelines\/ \((.*, )?transactions(, .*)?\)/),
        }),
      );
    },
  );

  it.each([
    ['no JSON', '{', 'p.json is no JSON'],
    ['no object', 'null', 'p.json is of version undefined'],
    [
      'another version',
      text.replace('"version": 1', '"version": 2'),
      'p.json is of version 2, and this release reads version 1',
    ],
    [
      'a type that is not known',
      text.replace('"kind": "double"', '"kind": "float"'),
      'p.json is no resolved pipeline: fields.11.type',
    ],
    [
      'a key that is not known',
      text.replace('"unknownFields"', '"x": 1, "unknownFields"'),
      'p.json is no resolved pipeline',
    ],
    [
      'a change by hand',
      text.replace('"watermarkMs": 300000', '"watermarkMs": 1'),
      'p.json was changed by hand',
    ],
  ])('refuses %s', (_, broken, message) => {
    expect(broken).not.toBe(text);
    expect(() => parsePipeline(broken, 'p.json')).toThrow(message);
  });
});
