import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Options } from 'yargs';
import { z } from 'zod';
import { flagOf } from '../orchestrator/settings/load-settings.ts';
import type { SettingName } from '../orchestrator/settings/setting-table.ts';
import { ProductError } from '../orchestrator/util/product-error.ts';
import { OTHER, type Side } from './drain/side.ts';

/**
 * Options of a measurement. Every option has a default and a description. Names are written as
 * flags with dashes.
 */
export type OptionShape = z.ZodObject<Record<string, z.ZodType>>;

/** A whole number, 1 or more. */
export const count = (byDefault: number, meaning: string) =>
  z.coerce.number().int().min(1).default(byDefault).describe(meaning);

/** A whole number, 0 or more. */
export const countOrNone = (byDefault: number, meaning: string) =>
  z.coerce.number().int().min(0).default(byDefault).describe(meaning);

/** Whole numbers separated by commas. */
export const counts = (byDefault: string, meaning: string) =>
  z
    .string()
    .default(byDefault)
    .refine((text) => /^[1-9]\d*(,[1-9]\d*)*$/.test(text), 'whole numbers from 1, separated by commas')
    .transform((text) => text.split(',').map(Number))
    .describe(meaning);

/** Some of a list of names, separated by commas. */
export const someOf = <T extends string>(names: readonly T[], meaning: string, byDefault = names) =>
  z
    .string()
    .default(byDefault.join(','))
    .refine(
      (text) => text.split(',').every((name) => names.includes(name as T)),
      `some of ${names.join(', ')}, separated by commas`,
    )
    .transform((text) => text.split(',') as T[])
    .describe(meaning);

/** Another checkout of the product, which is measured as an additional side. */
export const checkout = z
  .string()
  .default('')
  .refine(
    (folder) => folder === '' || existsSync(join(folder, 'spark-app', 'app.py')),
    'the folder of a checkout',
  )
  .transform((folder) => (folder === '' ? '' : resolve(folder)))
  .describe('Folder of another checkout, such as the commit before a change: its job runs as a further side');

/** The named sides, and the other checkout's if there is one. */
export const sidesOf = ({
  sides,
  other,
}: {
  readonly sides: readonly Side[];
  readonly other: string;
}): readonly Side[] => (other === '' ? sides : [...sides, OTHER]);

/** The options for yargs. zod checks the values. */
export function yargsOptions(shape: OptionShape): Record<string, Options> {
  const defaults = shape.parse({});
  return Object.fromEntries(
    Object.entries(shape.shape).map(([name, schema]) => [
      flagOf(name as SettingName),
      { type: 'string', describe: schema.description ?? '', defaultDescription: String(defaults[name]) },
    ]),
  );
}

/** @throws ProductError BAD_USAGE naming the option, its value and what is allowed */
export function readOptions<S extends OptionShape>(
  shape: S,
  args: Readonly<Record<string, unknown>>,
): z.infer<S> {
  const given = Object.keys(shape.shape).map((name) => [name, args[flagOf(name as SettingName)]]);
  const result = shape.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const flag = flagOf(String(issue?.path[0]) as SettingName);
  throw new ProductError('BAD_USAGE', {
    message: `--${flag}=${String(args[flag])} is not allowed: ${issue?.message}.`,
    hint: '`npm run bench -- --help` lists commands and options.',
  });
}
