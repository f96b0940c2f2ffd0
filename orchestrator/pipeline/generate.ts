import { readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { messageOf } from '../core/product-error.ts';
import { replaceFile } from '../core/replace-file.ts';
import type { Pipeline } from './model.ts';
import { pipelineText, resolvePipeline } from './resolve.ts';
import { Refusal } from './yaml-source.ts';

/** What an author writes, and what is made of it. */
export const PIPELINE_FILE = 'pipeline.yml';
export const RESOLVED_FILE = 'pipeline.json';

/**
 * Resolves the pipeline of a folder, whose name is the pipeline's.
 * @param projectDir what paths in refusals are relative to
 * @throws ProductError BAD_PIPELINE
 */
export function resolveFolder(folder: string, projectDir: string): Pipeline {
  const shown = (name: string) => relative(projectDir, join(folder, name));
  const read = (name: string, place: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch (error) {
      throw new Refusal(place, messageOf(error), `a file ${name} in ${relative(projectDir, folder)}`);
    }
  };
  return resolvePipeline({
    name: basename(folder),
    pipelineFile: shown(PIPELINE_FILE),
    pipelineText: () => read(PIPELINE_FILE, shown(PIPELINE_FILE)),
    contract: (name) => ({ file: shown(name), text: read(name, shown(PIPELINE_FILE)) }),
  });
}

/**
 * Writes a folder's pipeline.json where it differs from what its files say.
 * @returns whether it differed
 */
export function generate(folder: string, projectDir: string, mode: 'write' | 'check'): boolean {
  return replaceFile(join(folder, RESOLVED_FILE), pipelineText(resolveFolder(folder, projectDir)), mode);
}
