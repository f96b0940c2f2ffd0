import { type Status, statusDocument } from './status-document.ts';
import type { TestStack } from './test-stack.ts';
import { until } from './until.ts';

/** The stack's status, whether it is ready (exit code 0) or not (1). */
export async function statusOf(stack: TestStack, ...options: readonly string[]): Promise<Status> {
  const { code, stdout, stderr } = await stack.run('status', ['--json', ...options]);
  const status = code === 0 || code === 1 ? statusDocument.parse(JSON.parse(stdout)) : undefined;
  if (!status || status.ready !== (code === 0))
    throw new Error(`status ended with ${code}: ${stderr}${stdout}`);
  return status;
}

/** The process id of a running service. */
export async function pidOf(stack: TestStack, service: string): Promise<number> {
  const pid = (await statusOf(stack)).services.find(({ name }) => name === service)?.pid;
  if (pid === undefined) throw new Error(`${service} does not run`);
  return pid;
}

/** Waits until the whole stack is ready and the service runs in another process than before. */
export async function recovered(stack: TestStack, service: string, formerPid: number): Promise<Status> {
  let last: Status | undefined;
  return until(
    () => `${service} (was pid ${formerPid}) has not come back: ${JSON.stringify(last)}`,
    180_000,
    async () => {
      last = await statusOf(stack, '--wait', '60');
      const pid = last.services.find(({ name }) => name === service)?.pid;
      return last.ready && pid !== undefined && pid !== formerPid ? last : undefined;
    },
  );
}
