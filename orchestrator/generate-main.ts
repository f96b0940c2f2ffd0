import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  documentWithMetrics,
  GRAFANA_DOCUMENT,
  grafanaDashboard,
  METRICS_DOCUMENT,
} from '../dashboard/model/metric-documents.ts';
import { flagsKeptByNpm } from '../producer/command/npm-flags.ts';
import { schemaFiles } from './pipeline/file-schemas.ts';
import { generate, PIPELINE_FILE, RESOLVED_FILE } from './pipeline/resolve.ts';
import { settingFiles } from './settings/setting-documents.ts';
import { replaceFile } from './util/files.ts';
import { exitCodeOfLost, tellingOutput } from './util/output.ts';
import { explainAccess } from './util/owned-folder.ts';
import { errorText, ProductError } from './util/product-error.ts';
import { userCommand } from './util/user-command.ts';

const HELP = `${userCommand('generate', '[options] [folders]')}

Check the pipelines in pipelines/ and write pipeline.json of each; write what follows from the tables of settings and metrics,
and the JSON Schemas in docs/schemas. With folders: only the pipelines in these

  --check  Write nothing, and end with 1 where a file differs
  --help   Show this

docs/pipelines.md is the reference of a pipeline's files, orchestrator/settings/setting-table.ts the table of settings.`;
const CHECK = { name: 'check', isSwitch: true, short: [] };
const projectDir = resolve(fileURLToPath(import.meta.url), '../..');
const options = process.argv.slice(2);
const mode = options.includes('--check') ? 'check' : 'write';

/** The error after which standard output or standard error accepts nothing more. */
let lost: NodeJS.ErrnoException | undefined;
const output = tellingOutput((error) => {
  lost = error;
});
const exitCode = main();
await output.flushed();
process.exitCode = lost ? exitCodeOfLost(lost) : exitCode;

function main(): number {
  const kept = flagsKeptByNpm('generate', options, [CHECK], process.env);
  if (kept) {
    // `npm run generate --check` would write.
    return usage(
      `npm took ${kept.flags.join(' and ')} for itself, so that \`generate\` did not see it; nothing was done.`,
      `Options come after \`--\`: \`${kept.commandLine}\`.`,
    );
  }
  if (options.includes('--help')) {
    output.out(HELP);
    return 0;
  }
  const unknown = options.find((option) => option.startsWith('-') && option !== '--check');
  if (unknown !== undefined) {
    return usage(
      `${unknown} is no option of generate.`,
      `Its option is --check; folders may follow. \`${userCommand('generate', '--help')}\` shows them.`,
    );
  }
  const given = options.filter((option) => !option.startsWith('-'));
  if (given.length > 0) return generatePipelines(given.map((folder) => resolve(folder)));
  return Math.max(generatePipelines(ownPipelines()), generateFiles());
}

/** The folders in `pipelines/`. */
function ownPipelines(): readonly string[] {
  const root = join(projectDir, 'pipelines');
  return readdirSync(root)
    .sort()
    .map((name) => join(root, name))
    .filter((folder) => existsSync(join(folder, PIPELINE_FILE)));
}

function generatePipelines(folders: readonly string[]): number {
  const outcomes = folders.map((folder) =>
    outcomeOf(join(folder, RESOLVED_FILE), () => generate(folder, projectDir, mode)),
  );
  return Math.max(0, ...outcomes);
}

/** The files that follow from the tables of settings and metrics, and the JSON Schemas. */
function generateFiles(): number {
  const read = (path: string) => readFileSync(join(projectDir, path), 'utf8');
  const metrics = { path: METRICS_DOCUMENT, text: documentWithMetrics(read(METRICS_DOCUMENT)) };
  const grafana = { path: GRAFANA_DOCUMENT, text: grafanaDashboard() };
  const files = [...settingFiles(read), ...schemaFiles(), metrics, grafana];
  const outcomes = files.map(({ path, text }) => {
    const file = join(projectDir, path);
    return outcomeOf(file, () => replaceFile(file, text, mode));
  });
  return Math.max(0, ...outcomes);
}

/** Reports the outcome of a file and returns its exit code. */
function outcomeOf(file: string, replace: () => boolean): number {
  try {
    const differed = replace();
    const differs = differed && mode === 'check';
    const outcome = differs
      ? `differs; run \`${userCommand('generate')}\``
      : differed
        ? 'written'
        : 'up to date';
    output.out(`${relative(process.cwd(), file)}: ${outcome}`);
    return differs ? 1 : 0;
  } catch (thrown) {
    const error = explainAccess(thrown, {});
    output.err(errorText(error));
    return error instanceof ProductError ? error.exitCode : 1;
  }
}

function usage(message: string, hint: string): number {
  const error = new ProductError('BAD_USAGE', { message, hint });
  output.err(errorText(error));
  return error.exitCode;
}
