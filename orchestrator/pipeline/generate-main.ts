import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flagsKeptByNpm, type KeptFlags } from '../../producer/command/npm-flags.ts';
import { ProductError } from '../core/product-error.ts';
import { generate, PIPELINE_FILE, RESOLVED_FILE } from './generate.ts';

/**
 * `npm run generate [-- --check] [-- folder…]`: writes pipeline.json of every pipeline in `pipelines/`, or of the folders.
 * With `--check` it writes nothing, and ends with 1 where a file differs.
 */
const CHECK = { name: 'check', isSwitch: true, short: [] };
const projectDir = resolve(fileURLToPath(import.meta.url), '../../..');
const options = process.argv.slice(2);
const mode = options.includes('--check') ? 'check' : 'write';
const unknown = options.find((option) => option.startsWith('-') && option !== '--check');
const given = options.filter((option) => !option.startsWith('-'));
const root = join(projectDir, 'pipelines');
const folders =
  given.length > 0
    ? given.map((folder) => resolve(folder))
    : readdirSync(root)
        .sort()
        .map((name) => join(root, name))
        .filter((folder) => existsSync(join(folder, PIPELINE_FILE)));

const kept = flagsKeptByNpm('generate', options, [CHECK], process.env);
process.exitCode = kept ? keptByNpm(kept) : unknown === undefined ? run() : usage();

function run(): number {
  let exitCode = 0;
  for (const folder of folders) {
    const path = relative(process.cwd(), join(folder, RESOLVED_FILE));
    try {
      const differed = generate(folder, projectDir, mode);
      if (differed && mode === 'check') exitCode = Math.max(exitCode, 1);
      const outcome = !differed
        ? 'up to date'
        : mode === 'check'
          ? 'differs; run `npm run generate`'
          : 'written';
      process.stdout.write(`${path}: ${outcome}\n`);
    } catch (error) {
      if (!(error instanceof ProductError)) throw error;
      process.stderr.write(`[${error.code}] ${error.message}\n${error.hint}\n`);
      exitCode = error.exitCode;
    }
  }
  return exitCode;
}

/** `npm run generate --check` would write. */
function keptByNpm({ flags, commandLine }: KeptFlags): number {
  process.stderr.write(
    `[BAD_USAGE] npm took ${flags.join(' and ')} for itself, so that \`generate\` did not see it; nothing was done.\nOptions come after \`--\`: \`${commandLine}\`.\n`,
  );
  return 2;
}

function usage(): number {
  process.stderr.write(
    `[BAD_USAGE] ${unknown} is no option of generate.\nIts option is --check; folders may follow.\n`,
  );
  return 2;
}
