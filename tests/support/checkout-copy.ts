import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectDir } from './project.ts';

/** Content of a checkout that a clone of it does not have. */
const NOT_CLONED = [
  'node_modules',
  '.git',
  join('data', 'output'),
  join('data', 'run'),
  join('bench', 'results'),
];

/**
 * Copies the checkout under test to a new folder, as a clone with the packages that are installed
 * here.
 */
export function copyCheckout(to: string): void {
  cpSync(projectDir, to, {
    recursive: true,
    filter: (path) => !NOT_CLONED.includes(relative(projectDir, path)),
  });
  const [from, modules] = [projectDir, to].map((checkout) => join(checkout, 'node_modules')) as [
    string,
    string,
  ];
  // One link for each package, not one for all: an `npm ci` in the copy would empty the folder
  // behind that link.
  mkdirSync(modules);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(modules, entry.name)];
    if (entry.isDirectory()) symlinkSync(source, target);
    else cpSync(source, target);
  }
}
