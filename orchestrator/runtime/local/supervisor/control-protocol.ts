import type { ServiceName } from '../../../services/service-name.ts';
import type { ServiceExit, ServiceObservation } from '../../runtime.ts';
import type { ServiceSpec } from './service-spec.ts';

/** What the supervisor is asked for, and what it answers. */
export interface ControlOperations {
  /** Starts a service unless it runs; true when it did. */
  start: { readonly argument: ServiceSpec; readonly result: boolean };
  /** Stops a service if it runs, and starts it as it was started last; false when it never was. */
  restart: { readonly argument: ServiceName; readonly result: boolean };
  /** Stops a service; false when it did not run. */
  stop: { readonly argument: ServiceName; readonly result: boolean };
  observe: { readonly argument: null; readonly result: readonly ServiceObservation[] };
  /** A long poll: answers when the service has ended for good. */
  wait: { readonly argument: ServiceName; readonly result: ServiceExit };
  /** Stops everything and ends the supervisor; the services that were stopped. */
  shutdown: { readonly argument: null; readonly result: readonly ServiceName[] };
}

export type ControlOperation = keyof ControlOperations;

/** One line of JSON from the client. Answers may come in another order than requests. */
export interface ControlRequest<Operation extends ControlOperation = ControlOperation> {
  readonly id: number;
  readonly operation: Operation;
  readonly argument: ControlOperations[Operation]['argument'];
}

/** One line of JSON from the supervisor. */
export type ControlReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** What carries the operations out. */
export type ControlHandler = {
  readonly [Operation in ControlOperation]: (
    argument: ControlOperations[Operation]['argument'],
  ) => Promise<ControlOperations[Operation]['result']>;
};

/** A message as one line. JSON leaves two line separators of Unicode as they are, at which some line readers split. */
export function controlLine(message: ControlRequest | ControlReply): string {
  const text = JSON.stringify(message).replace(/[\u2028\u2029]/g, (separator) =>
    separator === '\u2028' ? '\\u2028' : '\\u2029',
  );
  return `${text}\n`;
}
