import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import {
  type ControlOperation,
  type ControlOperations,
  type ControlReply,
  type ControlRequest,
  controlLine,
} from './control-protocol.ts';

/** The supervisor ended, or was ended, before it answered. */
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

/** One connection to a supervisor; requests may be under way side by side. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #lost = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => this.#settle(JSON.parse(line) as ControlReply));
    // A supervisor that was killed: `close` follows. The interface passes the socket's errors on.
    for (const source of [socket, lines]) source.on('error', () => undefined);
    socket.once('close', () => {
      this.#lost = true;
      for (const { reject } of this.#pending.values()) reject(new ConnectionLost());
      this.#pending.clear();
    });
  }

  /** @returns undefined when nobody listens there */
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
   * @param signal ends the wait for the answer, not what was asked for
   * @throws ConnectionLost; Error with the supervisor's words; the signal's reason
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
