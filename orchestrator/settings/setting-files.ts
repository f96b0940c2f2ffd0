import { composeFileWithSettings, envExample, jobTable, readmeWithSettings } from './setting-documents.ts';
import { SETTING_TABLE, type SettingRows } from './setting-table.ts';

/** A file that `npm run generate` writes: its path in the checkout, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files that are written from the table of settings, whole or between marks.
 * @param read gives the present text of a file in the checkout
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
