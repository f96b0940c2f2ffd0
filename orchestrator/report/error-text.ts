import { messageOf, ProductError } from '../core/product-error.ts';

/** An error as a user reads it: the sentence, the service's last lines, the cause, the next step. No stack for expected ones. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('\n');
  if (!(error instanceof ProductError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `error: unexpected: ${stack}\nhint: This is a defect of medallion-stream; please report it with this text.`;
  }
  const lines = [`error: ${error.message} [${error.code}]`];
  if (error.logTail.length > 0) {
    lines.push(
      `last lines of ${error.service ?? 'its output'}:`,
      ...error.logTail.map((line) => `  | ${line}`),
    );
  }
  lines.push(`hint: ${error.hint}`);
  return lines.join('\n');
}

/** An error in `--json` output. */
export function errorJson(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof AggregateError)
    return { ...errorJson(error.errors[0]), others: error.errors.slice(1).map(errorJson) };
  if (!(error instanceof ProductError)) return { code: 'UNEXPECTED', message: messageOf(error) };
  const { code, message, hint, service, logTail, exitCode } = error;
  return {
    code,
    exitCode,
    message,
    hint,
    ...(service && { service }),
    ...(logTail.length > 0 && { logTail }),
  };
}
