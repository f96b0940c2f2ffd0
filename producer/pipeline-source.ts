import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, shownValue } from './errors.ts';

/** What the producer needs to know of a pipeline to send records of any kind. */
export interface PipelineSource {
  readonly topic: string;
  /** The field of the event that is the record's key; null for none. */
  readonly key: string | null;
  /** The names of the event's own fields. */
  readonly fields: ReadonlySet<string>;
}

/** The checkout, or the folder of the program in the image, where `pipelines/` is mounted. */
const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Reads `source` and the names of the fields from the resolved pipeline (docs/pipeline-json.md).
 *
 * @param setting PIPELINE: a name in `pipelines/`, or a path where it has a slash or begins with a
 * dot
 * @throws {ConfigError} when there is no such pipeline, or its file is none
 */
export function readPipelineSource(setting: string): PipelineSource {
  const isName = !setting.includes('/') && !setting.startsWith('.') && !isAbsolute(setting);
  const folder = isName ? join(PROJECT, 'pipelines', setting) : resolve(PROJECT, setting);
  const path = join(folder, 'pipeline.json');
  try {
    return sourceOf(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new ConfigError(
      `PIPELINE=${shownValue(setting)} is not allowed: ${path} is no resolved pipeline (${(error as Error).message}): name a pipeline in pipelines/, or a folder with a pipeline.json, which \`npm run generate\` writes`,
      { cause: error },
    );
  }
}

interface ResolvedPipeline {
  readonly source: { readonly topic: string; readonly key: string | null };
  readonly fields: readonly { readonly name: string }[];
}

function sourceOf({ source, fields }: ResolvedPipeline): PipelineSource {
  if (typeof source.topic !== 'string' || (source.key !== null && typeof source.key !== 'string')) {
    throw new Error('its source has no topic or no key');
  }
  return { topic: source.topic, key: source.key, fields: new Set(fields.map(({ name }) => name)) };
}
