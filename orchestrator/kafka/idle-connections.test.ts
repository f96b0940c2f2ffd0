import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { restIdleConnections } from './idle-connections.ts';

interface Queue {
  readonly throttleCheckTimeoutId: unknown;
  push(request: object): void;
  fulfillRequest(answer: object): void;
  maybeThrottle(ms: number): void;
  destroy(): void;
}
const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as new (
  options: object,
) => Queue;

function queue(): Queue {
  const log = () => {};
  return new RequestQueue({
    ...{ maxInFlightRequests: null, requestTimeout: 1000, enforceRequestTimeout: false, broker: 'b:1' },
    ...{ logger: { debug: log, error: log }, isConnected: () => true },
    clientId: 'test',
  });
}
const request = (correlationId: number, sendRequest: () => void) => ({
  ...{ entry: { correlationId, resolve: () => {}, reject: () => {} }, expectResponse: true, sendRequest },
});
const answer = (correlationId: number) => ({ correlationId, payload: Buffer.alloc(0), size: 0 });

it('a connection that has nothing to send has no timer', () => {
  restIdleConnections();
  const idle = queue();
  idle.push(request(1, () => {}));
  idle.fulfillRequest(answer(1));
  expect(idle.throttleCheckTimeoutId).toBeNull();
  idle.destroy();
});

it('a request that has to wait is still sent', async () => {
  restIdleConnections();
  const throttled = queue();
  throttled.maybeThrottle(50);
  const sent = new Promise<void>((resolve) => throttled.push(request(1, resolve)));
  expect(throttled.throttleCheckTimeoutId).not.toBeNull();
  await sent;
  throttled.fulfillRequest(answer(1));
  expect(throttled.throttleCheckTimeoutId).toBeNull();
  throttled.destroy();
});
