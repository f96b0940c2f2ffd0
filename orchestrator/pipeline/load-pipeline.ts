import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { fingerprintOf } from './fingerprint.ts';
import { FAKER_METHODS, type Generation, STRATEGIES, type ValueHint } from './generate/generation.ts';
import type { Constraints, Expr, Field, Item, Pipeline, Type } from './model.ts';

const columnType = z.union([
  z.strictObject({ kind: z.enum(['string', 'integer', 'double', 'boolean', 'date', 'timestamp']) }),
  z.strictObject({ kind: z.literal('decimal'), precision: z.int(), scale: z.int() }),
]);

const constraints: z.ZodType<Constraints> = z.strictObject({
  minimum: z.string().exactOptional(),
  maximum: z.string().exactOptional(),
  exclusiveMinimum: z.string().exactOptional(),
  exclusiveMaximum: z.string().exactOptional(),
  multipleOf: z.string().exactOptional(),
  minLength: z.int().exactOptional(),
  maxLength: z.int().exactOptional(),
  patterns: z.array(z.string()).exactOptional(),
  minItems: z.int().exactOptional(),
  maxItems: z.int().exactOptional(),
  validValues: z.array(z.string()).exactOptional(),
});

const format = { format: z.string(), shape: z.string().exactOptional() };
const type: z.ZodType<Type> = z.lazy(() =>
  z.union([
    z.strictObject({ kind: z.enum(['string', 'integer', 'double', 'boolean']) }),
    z.strictObject({ kind: z.literal('decimal'), precision: z.int(), scale: z.int() }),
    z.strictObject({ kind: z.literal('date'), ...format }),
    z.strictObject({ kind: z.literal('timestamp'), ...format, timezone: z.string() }),
    z.strictObject({
      kind: z.literal('timestamp'),
      epoch: z.enum(['seconds', 'milliseconds', 'microseconds']),
    }),
    z.strictObject({ kind: z.literal('object'), fields: z.array(field) }),
    z.strictObject({ kind: z.literal('array'), items: item }),
  ]),
);
const itemShape = { required: z.boolean(), type, constraints };
const item: z.ZodType<Item> = z.strictObject(itemShape);
const field: z.ZodType<Field> = z.strictObject({ name: z.string(), ...itemShape });

const expression: z.ZodType<Expr> = z.lazy(() =>
  z.union([
    z.strictObject({ op: z.literal('column'), name: z.string() }),
    z.strictObject({
      op: z.literal('literal'),
      type: z.enum(['string', 'integer', 'decimal', 'double', 'boolean', 'date', 'timestamp']),
      value: z.string(),
    }),
    z.strictObject({
      op: z.enum([
        'and',
        'or',
        'not',
        '=',
        '<>',
        '<',
        '<=',
        '>',
        '>=',
        'in',
        'between',
        'like',
        'isNull',
        'isNotNull',
      ]),
      args: z.array(expression),
    }),
    z.strictObject({
      op: z.enum(['+', '-', '*', '/', '%', 'negate']),
      args: z.array(expression),
      type: columnType,
    }),
  ]),
);

const expectations = z.array(z.strictObject({ name: z.string(), sql: z.string(), expression }));

const path = z.array(z.string().nullable());
const finite = z.number();
const valueHint: z.ZodType<ValueHint> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('lognormal'), median: finite, spread: finite }),
  z.strictObject({ kind: z.literal('normal'), mean: finite, stddev: finite }),
  z.strictObject({ kind: z.literal('uniform'), min: finite, max: finite }),
  z.strictObject({ kind: z.literal('zipf'), count: z.int(), exponent: finite }),
  z.strictObject({ kind: z.literal('values'), values: z.array(z.string()), weights: z.array(finite) }),
  z.strictObject({ kind: z.literal('sequence'), start: z.int(), step: z.int() }),
  z.strictObject({ kind: z.literal('same_as'), path }),
  z.strictObject({ kind: z.literal('faker'), method: z.enum(FAKER_METHODS) }),
]);
const generation: z.ZodType<Generation> = z.strictObject({
  strategy: z.enum(STRATEGIES).exactOptional(),
  unique: z.array(z.string()).exactOptional(),
  fields: z
    .array(
      z.strictObject({
        path,
        hint: z.strictObject({
          values: valueHint.exactOptional(),
          nullShare: finite.exactOptional(),
          length: z.strictObject({ min: z.int(), max: z.int() }).exactOptional(),
        }),
      }),
    )
    .exactOptional(),
});

const pipelineSchema: z.ZodType<Pipeline> = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  fingerprint: z.string(),
  source: z.strictObject({ topic: z.string(), partitions: z.int(), key: z.string().nullable() }),
  eventTime: z.strictObject({ field: z.string(), watermarkMs: z.int() }),
  unknownFields: z.enum(['ignore', 'quarantine']),
  fields: z.array(field),
  expectations: z.strictObject({ expect: expectations, expectOrQuarantine: expectations }),
  rawCsv: z.strictObject({ columns: z.array(z.string()) }),
  gold: z.array(
    z.strictObject({
      name: z.string(),
      groupBy: z.array(z.string()),
      windowMs: z.int(),
      slideMs: z.int(),
      measures: z.array(
        z.strictObject({
          name: z.string(),
          function: z.enum(['count', 'sum', 'min', 'max', 'avg']),
          argument: expression.nullable(),
          type: columnType,
        }),
      ),
    }),
  ),
  generate: generation.exactOptional(),
});

/** The file that the product writes into a pipeline's folder and that the job reads. */
export const PIPELINE_FILE = 'pipeline.json';
/** The file that the author writes. */
const AUTHORED_FILE = 'pipeline.yml';

/**
 * The folder of the setting PIPELINE: a name in `pipelines/`, or a path where it has a slash or
 * begins with a dot.
 */
export function pipelineFolder(setting: string, projectDir: string): string {
  const named = !setting.includes('/') && !setting.startsWith('.') && !isAbsolute(setting);
  return named ? join(projectDir, 'pipelines', setting) : resolve(projectDir, setting);
}

/**
 * Reads the resolved pipeline of a name in `pipelines/` or of a folder.
 * @throws ProductError BAD_SETTING when the setting names no pipeline; BAD_PIPELINE when its
 * pipeline.json does not exist yet, has another version, or was changed by hand
 */
export function loadPipeline(setting: string, projectDir: string): Pipeline {
  const folder = pipelineFolder(setting, projectDir);
  const path = join(folder, PIPELINE_FILE);
  if (!existsSync(path) && !existsSync(join(folder, AUTHORED_FILE))) throw noPipeline(setting, projectDir);
  const shown = relative(projectDir, path) || path;
  return parsePipeline(readText(path, shown), shown);
}

function noPipeline(setting: string, projectDir: string): ProductError {
  const there = pipelineNames(projectDir).join(', ') || 'none';
  return new ProductError('BAD_SETTING', {
    message: `PIPELINE=${JSON.stringify(setting)} is no pipeline: ${pipelineFolder(setting, projectDir)} has no ${PIPELINE_FILE}.`,
    hint: `Name one of those in pipelines/ (${there}), or a folder with a ${PIPELINE_FILE}.`,
  });
}

/** The pipelines in `pipelines/`. */
function pipelineNames(projectDir: string): readonly string[] {
  const all = join(projectDir, 'pipelines');
  const names = existsSync(all) ? readdirSync(all) : [];
  return names.filter((name) => existsSync(join(all, name, PIPELINE_FILE))).toSorted();
}

/** Checks the text of a pipeline.json. @param shown its path for errors */
export function parsePipeline(text: string, shown: string): Pipeline {
  const parsed = parseJson(text, shown);
  const version = (parsed as { version?: unknown } | null)?.version;
  if (version !== 1)
    throw unusable(`${shown} is of version ${JSON.stringify(version)}, and this release reads version 1.`);
  const result = pipelineSchema.safeParse(parsed);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw unusable(`${shown} is no resolved pipeline: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  if (fingerprintOf(result.data) !== result.data.fingerprint) {
    throw unusable(`${shown} was changed by hand: its fingerprint is of another pipeline.`);
  }
  return result.data;
}

function readText(path: string, shown: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusable(`${shown} cannot be read: ${(error as Error).message}.`, error);
  }
}

function parseJson(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unusable(`${shown} is no JSON: ${(error as Error).message}.`, error);
  }
}

function unusable(message: string, cause?: unknown): ProductError {
  return new ProductError('BAD_PIPELINE', {
    message,
    hint: `Run \`${userCommand('generate')}\`, which writes it from contract.odcs.yaml and pipeline.yml; PIPELINE names the pipeline.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
