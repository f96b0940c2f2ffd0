/**
 * An error inside a text that has a grammar of its own: the place in the text, what stands there,
 * and what is allowed.
 */
export class TextError extends Error {
  readonly at: number;
  readonly what: string;
  readonly allowed: string;

  constructor(at: number, what: string, allowed: string) {
    super(`character ${at + 1}: ${what}; allowed: ${allowed}`);
    this.name = 'TextError';
    this.at = at;
    this.what = what;
    this.allowed = allowed;
  }
}
