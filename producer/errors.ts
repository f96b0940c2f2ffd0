/**
 * The error for a refused setting. The message is one sentence with the setting, its value and what
 * is allowed. It never contains a secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** An expected end of the flow: one factual sentence, and what the user can do next. */
export class ProducerError extends Error {
  override readonly name = 'ProducerError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** A longer value would not help a reader, and would hide the sentence around it. */
const MOST_CHARACTERS = 250;
const SHOWN_CHARACTERS = 100;

/**
 * A value as an error shows it: in quotation marks, with escapes for unprintable characters, cut
 * when it is long.
 */
export function shownValue(value: string | undefined): string {
  return cut(value ?? '', JSON.stringify);
}

/** A text unchanged, or cut when it is long. */
export function shortened(text: string): string {
  return cut(text, (part) => part);
}

function cut(text: string, shown: (part: string) => string): string {
  if (text.length <= MOST_CHARACTERS) return shown(text);
  // By code points: half a surrogate pair is no character.
  const beginning = [...text.slice(0, MOST_CHARACTERS)].slice(0, SHOWN_CHARACTERS).join('');
  return `${shown(beginning)}… (${text.length.toLocaleString('en-US')} characters)`;
}
