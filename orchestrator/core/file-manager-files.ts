/** macOS Finder's view of a folder and its resource forks, Windows Explorer's thumbnails and view. */
const NAMES = /^(\.DS_Store|\._.+|Thumbs\.db|ehthumbs\.db|desktop\.ini)$/i;

/** Whether a file is one that a desktop leaves in any folder that somebody opens: it is nobody's data. */
export function isFileManagerFile(name: string): boolean {
  return NAMES.test(name);
}
