import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadPipeline } from './load-pipeline.ts';
import { pipelineText, resolveFolder } from './resolve.ts';

const projectDir = resolve(fileURLToPath(import.meta.url), '../../..');
const folders = ['pipelines', 'data/fixtures/pipelines'].flatMap((root) =>
  readdirSync(join(projectDir, root)).map((name) => join(root, name)),
);

describe('the committed pipelines', () => {
  it.each(folders)('%s resolves to its pipeline.json, which can be loaded', (folder) => {
    const pipeline = resolveFolder(join(projectDir, folder), projectDir);
    expect(readFileSync(join(projectDir, folder, 'pipeline.json'), 'utf8')).toBe(pipelineText(pipeline));
    expect(loadPipeline(join(projectDir, folder), projectDir)).toEqual(pipeline);
  });

  it('has the default pipeline under its name', () => {
    expect(loadPipeline('transactions', projectDir).name).toBe('transactions');
  });
});
