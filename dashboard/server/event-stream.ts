import type { ServerResponse } from 'node:http';

/** Events that a client which reconnects can still get: two minutes of one a second. */
const KEPT_EVENTS = 120;

/** Characters of the kept events at most. */
const KEPT_CHARACTERS = 2 * 1024 * 1024;

/** A client that has this many bytes waiting does not read. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** How often a comment is sent, by which both sides notice a lost connection. */
const KEEP_ALIVE_MS = 15_000;

interface EventStreamOptions {
  /** Distinguishes this process: the ids of another one mean nothing here. */
  readonly epoch: string;
  /** Clients at most. */
  readonly mostClients: number;
  /** The JSON of a whole snapshot, for a client that cannot continue. */
  readonly snapshot: () => string;
}

interface KeptEvent {
  readonly number: number;
  readonly text: string;
}

/**
 * Server-sent events (HTML Living Standard, section 9.2): `snapshot` with the whole document, then
 * `change` with what is new. A client that comes back with `Last-Event-ID` gets the changes that it
 * has missed, or a snapshot when they are too many or of another process.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #clients = new Set<ServerResponse>();
  readonly #kept: KeptEvent[] = [];
  #keptCharacters = 0;
  #number = 0;
  readonly #keepAlive: NodeJS.Timeout;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#keepAlive = setInterval(() => this.#sendAll(': keep-alive\n\n'), KEEP_ALIVE_MS).unref();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Whether one more client may connect. */
  get hasRoom(): boolean {
    return this.#clients.size < this.#options.mostClients;
  }

  /** The id of the newest event. */
  get lastId(): string {
    return `${this.#options.epoch}-${this.#number}`;
  }

  /** Sends a change to every client. @param json one line, as JSON is */
  change(json: string): void {
    const number = ++this.#number;
    const text = eventText('change', this.lastId, json);
    this.#kept.push({ number, text });
    this.#keptCharacters += text.length;
    while (this.#kept.length > KEPT_EVENTS || this.#keptCharacters > KEPT_CHARACTERS) {
      this.#keptCharacters -= this.#kept.shift()?.text.length ?? 0;
    }
    this.#sendAll(text);
  }

  /**
   * Begins to send events to a client.
   * @param response its head is written
   * @param lastEventId as the client sent it
   */
  connect(response: ServerResponse, lastEventId: string | undefined): void {
    response.on('close', () => this.#clients.delete(response));
    response.on('error', () => response.destroy());
    this.#clients.add(response);
    const missed = this.#after(lastEventId);
    // Browsers wait this long before they connect again.
    this.#send(response, 'retry: 1000\n\n');
    if (missed) for (const { text } of missed) this.#send(response, text);
    else this.#send(response, eventText('snapshot', this.lastId, this.#options.snapshot()));
  }

  /** Ends every connection. */
  close(): void {
    clearInterval(this.#keepAlive);
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  /** The events after an id; undefined when they are not all kept. */
  #after(lastEventId: string | undefined): readonly KeptEvent[] | undefined {
    const [, epoch, digits] = /^(.+)-(\d{1,15})$/.exec(lastEventId ?? '') ?? [];
    if (epoch !== this.#options.epoch) return undefined;
    const last = Number(digits);
    const first = this.#kept[0]?.number ?? this.#number + 1;
    if (last > this.#number || last + 1 < first) return undefined;
    return this.#kept.filter(({ number }) => number > last);
  }

  #sendAll(text: string): void {
    for (const client of this.#clients) this.#send(client, text);
  }

  /** Memory must not grow with a client that does not read: it is disconnected and may come back. */
  #send(client: ServerResponse, text: string): void {
    if (client.destroyed || client.writableEnded) return;
    if (client.writableLength > MOST_WAITING_BYTES) {
      this.#clients.delete(client);
      client.destroy();
      return;
    }
    client.write(text);
  }
}

function eventText(name: string, id: string, json: string): string {
  return `event: ${name}\nid: ${id}\ndata: ${json}\n\n`;
}
