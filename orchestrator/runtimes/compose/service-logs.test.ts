import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { expect, it } from 'vitest';
import type { LogLine } from '../runtime.ts';
import { serviceLogs } from './service-logs.ts';
import type { ContainerEvent, StackContainers } from './stack-containers.ts';

/** A line as the engine sends it. */
function frame(line: string): Buffer {
  const text = Buffer.from(`${line}\n`);
  const header = Buffer.alloc(8);
  header[0] = 1;
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, text]);
}

it('a restart that is reported before the old log has ended loses neither its end nor the new lines', async () => {
  const runs = [new PassThrough(), new PassThrough()];
  const asked: unknown[] = [];
  const info = {
    Id: 'k',
    State: { Running: true, StartedAt: '2026-01-01T00:00:02Z', FinishedAt: '2026-01-01T00:00:01Z' },
  };
  const docker = {
    getContainer: () => ({
      inspect: async () => info,
      logs: async (options: unknown) => {
        asked.push(options);
        return runs[asked.length - 1];
      },
    }),
  };
  let report: (event: ContainerEvent) => void = () => undefined;
  const containers = {
    list: async () => [{ service: 'kafka', info, recentLines: [] }],
    onEvent: async (listener: typeof report) => {
      report = listener;
      return () => undefined;
    },
  };
  const abort = new AbortController();
  const lines: string[] = [];
  const logs = serviceLogs(docker as unknown as Docker, containers as unknown as StackContainers, {
    services: ['kafka'],
    follow: true,
    signal: abort.signal,
  });
  const reading = (async () => {
    for await (const { text } of logs as AsyncGenerator<LogLine>) lines.push(text);
  })();
  runs[0]?.write(frame('first run'));
  await expect.poll(() => lines).toEqual(['first run']);
  report({ id: 'k', service: 'kafka', action: 'start', timeNano: 0 });
  runs[1]?.write(frame('second run'));
  runs[0]?.end(frame('its last words'));
  await expect.poll(() => lines).toEqual(['first run', 'its last words', 'second run']);
  expect(asked).toMatchObject([{}, { since: expect.any(String) }]);
  abort.abort();
  await reading;
});
