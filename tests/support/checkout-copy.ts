import { cpSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectDir } from './project.ts';

/** What a checkout has that a clone of it does not. */
const NOT_CLONED = [
  'node_modules',
  '.git',
  join('data', 'output'),
  join('data', 'run'),
  join('bench', 'results'),
];

/** Copies the checkout under test, as a clone of it would be, to a new folder, with the packages that are installed here. */
export function copyCheckout(to: string): void {
  cpSync(projectDir, to, {
    recursive: true,
    filter: (path) => !NOT_CLONED.includes(relative(projectDir, path)),
  });
  symlinkSync(join(projectDir, 'node_modules'), join(to, 'node_modules'));
}
