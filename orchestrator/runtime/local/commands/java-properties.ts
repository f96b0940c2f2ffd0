/** A file as java.util.Properties reads it: ISO-8859-1, other characters and separators escaped. */
export function javaProperties(entries: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(entries).map(([key, value]) => `${escaped(key)}=${escaped(String(value))}`);
  return `${lines.join('\n')}\n`;
}

function escaped(text: string): string {
  return text
    .replace(/[\\=:#!]/g, '\\$&')
    .replace(/^ /, '\\ ')
    .replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
