import { afterAll, beforeAll, describe, it } from 'vitest';
import { comesBackAfterKill9 } from '../support/local-kill.ts';
import { TestStack } from '../support/test-stack.ts';

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.started({ MSGS_PER_SEC: '200', MAX_FILES_PER_SINK: '0' });
});
afterAll(() => stack?.discard());

describe('kill -9 under 200 records/s', () => {
  // The other services are in the part `long`.
  it.each(['spark-streaming', 'spark-worker', 'kafka'])(
    'of %s: it comes back by itself, data goes on, nothing is lost or doubled',
    async (service) => comesBackAfterKill9(stack, service),
  );
});
