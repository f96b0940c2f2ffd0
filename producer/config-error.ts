/** A setting that is refused. The message is one sentence: setting, value, what is allowed; never a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
