import { chmodSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { ServiceName } from '../../../services/service-name.ts';
import { messageOf } from '../../../util/product-error.ts';
import type { ServiceObservation } from '../../runtime.ts';
import type { ServiceSpec } from './service-spec.ts';

/** The supervisor ended, or was killed, before it answered. */
export class ConnectionLost extends Error {
  constructor() {
    super('the supervisor ended before it answered');
    this.name = 'ConnectionLost';
  }
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** One connection to a supervisor; several requests may be open at the same time. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #lost = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => this.#settle(JSON.parse(line) as ControlReply));
    // The supervisor was killed; `close` follows. The interface passes the socket's errors on.
    for (const source of [socket, lines]) source.on('error', () => undefined);
    socket.once('close', () => {
      this.#lost = true;
      for (const { reject } of this.#pending.values()) reject(new ConnectionLost());
      this.#pending.clear();
    });
  }

  /** @returns undefined when nothing listens there */
  static async connect(path: string): Promise<ControlClient | undefined> {
    const socket = connect(path);
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    return connected ? new ControlClient(socket) : undefined;
  }

  get lost(): boolean {
    return this.#lost;
  }

  /**
   * @param signal ends the wait for the answer, not the requested operation
   * @throws ConnectionLost; Error with the supervisor's message; the signal's reason
   */
  request<Operation extends ControlOperation>(
    operation: Operation,
    argument: ControlOperations[Operation]['argument'],
    signal?: AbortSignal,
  ): Promise<ControlOperations[Operation]['result']> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#lost) return reject(new ConnectionLost());
      const id = ++this.#lastId;
      const onAbort = () => {
        this.#pending.delete(id);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const done = () => signal?.removeEventListener('abort', onAbort);
      this.#pending.set(id, {
        resolve: (result) => {
          done();
          resolve(result as ControlOperations[Operation]['result']);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      const request: ControlRequest<Operation> = { id, operation, argument };
      this.#socket.write(controlLine(request));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(reply: ControlReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) pending?.reject(new Error(reply.error));
    else pending?.resolve(reply.result);
  }
}

/** The requests to a supervisor and its answers. */
export interface ControlOperations {
  /** Starts a service unless it runs; true when it was started. */
  start: { readonly argument: ServiceSpec; readonly result: boolean };
  /**
   * Stops a service if it runs and starts it with its last specification; false when it was never
   * started.
   */
  restart: { readonly argument: ServiceName; readonly result: boolean };
  /** Stops a service; false when it did not run. */
  stop: { readonly argument: ServiceName; readonly result: boolean };
  observe: { readonly argument: null; readonly result: readonly ServiceObservation[] };
  /**
   * A long poll: answers once the count of changes differs from the given one, at once for null.
   */
  changes: { readonly argument: number | null; readonly result: ObservedChanges };
  /** Stops everything and ends the supervisor; returns the services that were stopped. */
  shutdown: { readonly argument: null; readonly result: readonly ServiceName[] };
}

/** Every service, and how many changes there have been until then. */
interface ObservedChanges {
  readonly count: number;
  readonly services: readonly ServiceObservation[];
}

export type ControlOperation = keyof ControlOperations;

/** One line of JSON from the client. Answers may come in another order than requests. */
interface ControlRequest<Operation extends ControlOperation = ControlOperation> {
  readonly id: number;
  readonly operation: Operation;
  readonly argument: ControlOperations[Operation]['argument'];
}

/** One line of JSON from the supervisor. */
export type ControlReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** Carries out the operations. */
export type ControlHandler = {
  readonly [Operation in ControlOperation]: (
    argument: ControlOperations[Operation]['argument'],
  ) => Promise<ControlOperations[Operation]['result']>;
};

/**
 * Formats a message as one line. JSON leaves two line separators of Unicode as they are, at which
 * some line readers split.
 */
function controlLine(message: ControlRequest | ControlReply): string {
  const text = JSON.stringify(message).replace(/[\u2028\u2029]/g, (separator) =>
    separator === '\u2028' ? '\\u2028' : '\\u2029',
  );
  return `${text}\n`;
}

/** Answers requests, one JSON object per line, on a unix socket that only its owner may use. */
export class ControlServer {
  readonly #handler: ControlHandler;
  readonly #onConnections: (count: number) => void;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  /** @param onConnections receives the number of connected clients whenever that changes */
  constructor(handler: ControlHandler, onConnections: (count: number) => void) {
    this.#handler = handler;
    this.#onConnections = onConnections;
  }

  /**
   * @param path must not exist yet; its folder must be private to the owner
   * @throws Error when the system has no socket there; another path may be tried
   */
  async listen(path: string): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    try {
      chmodSync(path, 0o600);
    } catch (error) {
      server.close();
      throw error;
    }
    this.#server = server;
  }

  /** Pending answers still go out; the socket's file is removed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#server) this.#server.close(() => resolve());
      else resolve();
    });
    for (const socket of this.#sockets) socket.end(() => socket.destroy());
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.#onConnections(this.#sockets.size);
    const lines = createInterface({ input: socket });
    // The client was killed; `close` follows. The interface passes the socket's errors on.
    for (const source of [socket, lines]) source.on('error', () => undefined);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#onConnections(this.#sockets.size);
    });
    lines.on('line', (line) => {
      void this.#answer(line).then((reply) => {
        if (socket.writable) socket.write(controlLine(reply));
      });
    });
  }

  async #answer(line: string): Promise<ControlReply> {
    let id = 0;
    try {
      const request = JSON.parse(line) as ControlRequest;
      id = request.id;
      const handle = this.#handler[request.operation] as (argument: unknown) => Promise<unknown>;
      if (!handle) throw new Error(`unknown operation ${request.operation}`);
      return { id, result: await handle(request.argument) };
    } catch (error) {
      return { id, error: messageOf(error) };
    }
  }
}
