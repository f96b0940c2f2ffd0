import { userCommand } from '../util/user-command.ts';
import { allowedText, KIND_LIMITS, rulesOf } from './setting-kinds.ts';
import type { SettingRow, SettingRows, SettingUser } from './setting-row.ts';
import { rowsOf, SETTING_TABLE } from './setting-table.ts';

const SOURCE = 'orchestrator/settings/setting-table.ts';

const ENV_EXAMPLE_HEAD = `# Copy this file to \`.env\` and remove the comment sign from the settings that you change. Flags and
# the environment take precedence over this file. It is read as Docker Compose reads it: \${HOME} and
# \${NAME:-default} are replaced, ~ is not, and # begins a comment after a blank.
`;
const ENV_EXAMPLE_END = `
# Variables that only docker-compose.yml reads: images, a prefix of container names, a worker's memory
# limit (default: what SPARK_WORKER_MEMORY needs)
#ZOOKEEPER_IMAGE=
#KAFKA_IMAGE=
#SPARK_IMAGE=
#NODE_IMAGE=
#CONTAINER_PREFIX=
#SPARK_WORKER_MEM_LIMIT=
`;

/** `.env.example`: every setting of `up` with its meaning, commented out. */
function envExample(table: SettingRows): string {
  const settings = documented(table).map(([name, row]) => {
    const remark = row.defaultText === undefined ? '' : ` (default: ${row.defaultText})`;
    const value = row.defaultText === undefined ? (row.default ?? '') : '';
    return `\n# ${row.meaning}${remark}\n#${name}=${value.includes(' ') ? `"${value}"` : value}\n`;
  });
  return `${ENV_EXAMPLE_HEAD}${settings.join('')}${ENV_EXAMPLE_END}`;
}

/** The README with its table of settings. @throws Error when its marks are missing */
export function readmeWithSettings(readme: string, table: SettingRows): string {
  const rows = documented(table).map(([name, row]) => {
    const byDefault = row.defaultText ?? `\`${row.default}\``;
    return `| \`${name}\` | ${byDefault} | ${row.meaning} |\n`;
  });
  const head = '| Setting | Default | Meaning |\n| --- | --- | --- |\n';
  const marked = /(<!-- settings: .*-->\n)[\s\S]*?(\n<!-- end of settings -->)/;
  if (!marked.test(readme)) throw new Error('README.md has no marks for the table of settings');
  return readme.replace(
    marked,
    (_all, begin: string, end: string) => `${begin}\n${head}${rows.join('')}${end}`,
  );
}

/**
 * docker-compose.yml with the environments of the programs that read settings, and with each
 * setting's default everywhere it occurs in the file. @throws Error for marks that name no program
 */
export function composeFileWithSettings(file: string, table: SettingRows): string {
  const marked = /^( *)(# settings of ([\w-]+), .*\n)[\s\S]*?^ *# end of settings$/gm;
  for (const user of ['spark-worker', 'job', 'producer', 'dashboard']) {
    if (!file.includes(`# settings of ${user},`)) {
      throw new Error(`docker-compose.yml has no marks for the settings of ${user}`);
    }
  }
  const withBlocks = file.replace(marked, (_all, indent: string, mark: string, user: string) => {
    const rows = rowsOf(user as SettingUser, table);
    if (rows.length === 0) throw new Error(`docker-compose.yml has settings of ${user}, which has none`);
    const lines = rows.map(([name, row]) => `${indent}${name}: ${composeValue(name, row)}\n`);
    return `${indent}${mark}${lines.join('')}${indent}# end of settings`;
  });
  // Matches the innermost of nested defaults: a default may contain a variable.
  return withBlocks.replace(/\$\{([A-Z_]+):-[^${}]*\}/g, (all, name: string) => {
    const row = Object.hasOwn(table, name) ? table[name] : undefined;
    return row === undefined ? all : variable(name, row);
  });
}

function composeValue(name: string, row: SettingRow): string {
  return row.isGivenByRuntime ? containerDefault(row) : variable(name, row);
}

function variable(name: string, row: SettingRow): string {
  return `\${${name}:-${containerDefault(row)}}`;
}

function containerDefault({ default: byDefault = '', defaultFor }: SettingRow): string {
  return defaultFor?.containers ?? byDefault;
}

/**
 * The table by which the job reads its settings: the job's rows, with the patterns of their kinds.
 */
export function jobTable(table: SettingRows): string {
  const settings = rowsOf('job', table).map(([name, row]) => {
    const { kind, ...bounds } = row.takes;
    return {
      name,
      kind,
      ...bounds,
      allowed: allowedText(row.takes),
      default: jobDefault(row),
      rules: rulesOf(row.takes),
    };
  });
  const content = {
    generated: `by \`${userCommand('generate')}\` from ${SOURCE}`,
    limits: KIND_LIMITS,
    settings,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function jobDefault(row: SettingRow): string | null {
  if (row.defaultFor?.job === null) return null;
  return row.defaultFor?.containers ?? row.default ?? null;
}

function documented(table: SettingRows): readonly (readonly [string, SettingRow])[] {
  return Object.entries(table).filter(([, { isGivenByRuntime }]) => isGivenByRuntime !== true);
}

/** A file that `npm run generate` writes: its path in the checkout, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files that are generated from the table of settings, either whole or between marks.
 * @param read returns the present text of a file in the checkout
 * @throws Error when a file has lost its marks
 */
export function settingFiles(
  read: (path: string) => string,
  table: SettingRows = SETTING_TABLE,
): readonly GeneratedFile[] {
  return [
    { path: '.env.example', text: envExample(table) },
    { path: 'README.md', text: readmeWithSettings(read('README.md'), table) },
    { path: 'docker-compose.yml', text: composeFileWithSettings(read('docker-compose.yml'), table) },
    { path: 'spark-app/medallion/settings.json', text: jobTable(table) },
  ];
}
