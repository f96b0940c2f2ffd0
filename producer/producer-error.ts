/** An expected end of the flow: one factual sentence, and what the reader can do next. */
export class ProducerError extends Error {
  override readonly name = 'ProducerError';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
