import { createRequire } from 'node:module';

/** What is used of kafkajs's queue of requests. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

const require = createRequire(import.meta.url);
const { prototype } = require('kafkajs/src/network/requestQueue') as { readonly prototype: RequestQueue };
const schedule = prototype.scheduleCheckPendingRequests;

/**
 * Lets connections of kafkajs rest that have nothing to send. kafkajs 2.2.4 (requestQueue/index.js)
 * sets a timer after each answer, also when no request is waiting. Its delay is negative, so it
 * fires after a millisecond and sets itself again for as long as the connection is open: 3 to 5 % of
 * a core for nothing, and a warning of Node 24. A request that has to wait sets the timer itself.
 */
export function restIdleConnections(): void {
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this);
  };
}
