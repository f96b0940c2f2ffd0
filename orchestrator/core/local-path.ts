import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Two letters or more, so that a Windows drive is not taken for a scheme. */
const SCHEME = /^([a-z][a-z0-9+.-]+):(.*)$/is;

/**
 * The folder on the local disk that an OUTPUT_PATH names: a path, or a `file:` URI (`file:/a`, `file:///a`) with percent encoding.
 * The job reads it the same way.
 * @returns undefined for any other scheme, or for a `file:` URI that names a host
 */
export function localPath(outputPath: string): string | undefined {
  const parts = SCHEME.exec(outputPath);
  if (!parts) return resolve(outputPath);
  const [, scheme = '', rest = ''] = parts;
  const path = /^\/\/(?=\/)/.test(rest) ? rest.slice(2) : rest;
  const local = scheme.toLowerCase() === 'file' && path.startsWith('/') && !path.startsWith('//');
  return local ? resolve(decoded(path)) : undefined;
}

/**
 * The `file:///` URI of an absolute path, for a program that would take a bare path apart (`#`, `%20`) or look for it elsewhere
 * than on the local disk (Hadoop's fs.defaultFS). Java refuses some characters that a URL of Node's may have.
 */
export function fileUri(path: string): string {
  return pathToFileURL(path).href.replace(/[[\]{}|^`]/g, encodeURIComponent);
}

/** Percent encoding taken off; a text with a percent sign that begins none is meant as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
