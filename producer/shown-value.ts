/** More is no help to a reader, and hides the sentence around it. */
const MOST_CHARACTERS = 250;
const SHOWN_CHARACTERS = 100;

/** A value as an error shows it: in quotation marks, with escapes for what is not printable, cut when it is long. */
export function shownValue(value: string | undefined): string {
  return cut(value ?? '', JSON.stringify);
}

/** A text as it is, cut when it is long. */
export function shortened(text: string): string {
  return cut(text, (part) => part);
}

function cut(text: string, shown: (part: string) => string): string {
  if (text.length <= MOST_CHARACTERS) return shown(text);
  // By code points: half a surrogate pair is no character.
  const beginning = [...text.slice(0, MOST_CHARACTERS)].slice(0, SHOWN_CHARACTERS).join('');
  return `${shown(beginning)}… (${text.length.toLocaleString('en-US')} characters)`;
}
