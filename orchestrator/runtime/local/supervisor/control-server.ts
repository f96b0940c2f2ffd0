import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { messageOf } from '../../../core/product-error.ts';
import {
  type ControlHandler,
  type ControlReply,
  type ControlRequest,
  controlLine,
} from './control-protocol.ts';

/** Answers requests, one JSON object a line, on a unix socket that only its owner may use. */
export class ControlServer {
  readonly #handler: ControlHandler;
  readonly #onConnections: (count: number) => void;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  /** @param onConnections told how many clients are connected whenever that changes */
  constructor(handler: ControlHandler, onConnections: (count: number) => void) {
    this.#handler = handler;
    this.#onConnections = onConnections;
  }

  /**
   * @param path must not exist yet; its folder must be the owner's alone
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

  /** Answers that were given still go out; the socket's file is removed. */
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
    // A client that was killed: `close` follows. The interface passes the socket's errors on.
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
