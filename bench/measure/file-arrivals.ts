import { mkdirSync, watch } from 'node:fs';

/** Files as they appeared in a folder: name and Unix time in milliseconds. */
export interface FileArrivals {
  readonly seen: ReadonlyMap<string, number>;
  close(): void;
}

/**
 * Notes when files with this ending get their name in a folder, from the kernel's notifications.
 * The folder is created if necessary.
 */
export function watchArrivals(folder: string, ending: string): FileArrivals {
  mkdirSync(folder, { recursive: true });
  const seen = new Map<string, number>();
  const watcher = watch(folder, (_event, name) => {
    if (name?.endsWith(ending) && !name.startsWith('.') && !seen.has(name)) seen.set(name, Date.now());
  });
  return { seen, close: () => watcher.close() };
}
