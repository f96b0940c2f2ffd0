import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of the page, in memory in both forms. */
export interface PageFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
};

/** The files of `dashboard/page/`, by the path under which they are served. */
const OWN = {
  '/': 'index.html',
  '/style.css': 'style.css',
  '/icon.svg': 'icon.svg',
  '/page.js': 'page.js',
  '/connection.js': 'connection.js',
  '/ask.js': 'ask.js',
  '/charts.js': 'charts.js',
  '/format.js': 'format.js',
  '/table.js': 'table.js',
  '/panels/pipeline.js': 'panels/pipeline.js',
  '/panels/verdict.js': 'panels/verdict.js',
  '/panels/rates.js': 'panels/rates.js',
  '/panels/event-time.js': 'panels/event-time.js',
  '/panels/rejected.js': 'panels/rejected.js',
  '/panels/rows.js': 'panels/rows.js',
  '/panels/services.js': 'panels/services.js',
} as const;

/**
 * Files of packages, as their packages ship them: preact and htm in one module, uPlot, and their
 * licences.
 */
const PACKAGED = {
  '/vendor/preact.js': ['htm', 'preact/standalone.module.js'],
  '/vendor/htm-license.txt': ['htm', 'LICENSE'],
  '/vendor/uplot.js': ['uplot', 'dist/uPlot.esm.js'],
  '/vendor/uplot.css': ['uplot', 'dist/uPlot.min.css'],
  '/vendor/uplot-license.txt': ['uplot', 'LICENSE'],
} as const;

/**
 * Reads every file of the page. Only these are served, by their exact path: no path of a request
 * ever becomes a path of the file system.
 * @param folder `dashboard/page`
 * @throws the file system's error for a missing file
 */
export function pageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const own = Object.entries(OWN).map(([path, name]) => [path, join(folder, name)] as const);
  const packaged = Object.entries(PACKAGED).map(
    ([path, [name, file]]) => [path, join(packageFolder(name), file)] as const,
  );
  return new Map([...own, ...packaged].map(([path, file]) => [path, pageFile(file)]));
}

function pageFile(path: string): PageFile {
  const body = new Uint8Array(readFileSync(path));
  const extension = /\.(\w+)$/.exec(path)?.[1] ?? 'txt';
  return {
    type: TYPES[extension] ?? 'text/plain; charset=utf-8',
    body,
    gzipped: new Uint8Array(gzipSync(body, { level: 9 })),
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
  };
}

const require = createRequire(import.meta.url);

/** `exports` of a package may hide its package.json, so the folder is found by its name. */
function packageFolder(name: string): string {
  const entry = require.resolve(name);
  const at = entry.lastIndexOf(`${join('node_modules', name)}`);
  return join(entry.slice(0, at), 'node_modules', name);
}
