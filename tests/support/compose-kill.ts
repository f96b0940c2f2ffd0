import { expect } from 'vitest';
import type { ComposeStack } from './compose-stack.ts';
import { parquetFiles } from './parquet-files.ts';
import { statusOf } from './stack-status.ts';
import { until } from './until.ts';
import { verify } from './verify.ts';

/**
 * Kills the container of a service, and expects that the same container runs again by itself, that
 * data goes on, and that nothing is lost or doubled.
 * @returns the rows of bronze
 */
export async function comesBackAfterKill(compose: ComposeStack, service: string): Promise<number> {
  const { stack } = compose;
  const before = await compose.container(service);
  await compose.kill(service);
  await until(
    () => `${service} does not run again`,
    60_000,
    async () => {
      const { Id, State } = await compose.container(service);
      return Id === before.Id && State.Running && State.StartedAt > before.State.StartedAt ? true : undefined;
    },
  );
  // Two files, because the first may hold earlier records. Counting files costs nothing, unlike a
  // command every second.
  const written = parquetFiles(stack.outputPath, 'silver').length;
  await until(
    () => `no data after ${service} was killed`,
    240_000,
    () => (parquetFiles(stack.outputPath, 'silver').length >= written + 2 ? true : undefined),
  );
  const report = await verify(stack);
  expect(report).toMatchObject({ equal: true, differenceCount: 0 });
  await until(
    () => `not ready after ${service} was killed`,
    120_000,
    async () => ((await statusOf(stack)).ready ? true : undefined),
  );
  return report.counts['bronze'] ?? 0;
}
