import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventStream } from './event-stream.ts';

let stream: EventStream;
let server: Server;
let port: number;
beforeEach(async () => {
  stream = new EventStream({ epoch: 'a', mostClients: 3, snapshot: () => '{"whole":true}' });
  server = createServer((request, response) => {
    response.writeHead(200);
    if (!stream.hasRoom) response.end('full');
    else stream.connect(response, request.headers['last-event-id'] as string | undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  stream.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A client, and the events that it has received so far. */
async function client(lastEventId?: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    get({ port, host: '127.0.0.1', headers, agent: false }, resolve).on('error', reject);
  });
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('error', () => undefined);
  const events = () =>
    [...text.matchAll(/event: (\w+)\nid: (\S+)\ndata: (.*)\n\n/g)].map(([, ...parts]) => parts.join(' '));
  return { events, text: () => text, response };
}

describe('the event stream', () => {
  it('begins with a snapshot and continues with changes', async () => {
    stream.change('{"n":1}');
    const one = await client();
    await expect.poll(one.events).toEqual(['snapshot a-1 {"whole":true}']);
    stream.change('{"n":2}');
    await expect.poll(one.events).toEqual(['snapshot a-1 {"whole":true}', 'change a-2 {"n":2}']);
  });

  it('gives a client that comes back what it has missed, and nothing twice', async () => {
    for (const n of [1, 2, 3]) stream.change(`{"n":${n}}`);
    const one = await client('a-1');
    await expect.poll(one.events).toEqual(['change a-2 {"n":2}', 'change a-3 {"n":3}']);
    const upToDate = await client('a-3');
    stream.change('{"n":4}');
    await expect.poll(upToDate.events).toEqual(['change a-4 {"n":4}']);
  });

  it.each(['b-1', 'a-9', 'a-x', 'nonsense', 'a--1'])('begins again for the id %s', async (id) => {
    stream.change('{"n":1}');
    const one = await client(id);
    await expect.poll(one.events).toEqual(['snapshot a-1 {"whole":true}']);
  });

  it('begins again for a client that has missed more than is kept', async () => {
    for (let n = 1; n <= 200; n++) stream.change(`{"n":${n}}`);
    const one = await client('a-10');
    await expect.poll(one.events).toEqual(['snapshot a-200 {"whole":true}']);
  });

  it('has a bounded number of clients, and room again when one leaves', async () => {
    const clients = [await client(), await client(), await client()];
    const refused = await client();
    await expect.poll(refused.text).toBe('full');
    clients[0]?.response.destroy();
    await expect.poll(() => stream.clients).toBe(2);
    await expect.poll((await client()).events).toHaveLength(1);
  });

  it('disconnects a client that does not read', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(() => stream.clients).toBe(1);
    const reading = await client();
    const large = JSON.stringify('x'.repeat(512 * 1024));
    for (let n = 0; n < 40 && stream.clients === 2; n++) {
      stream.change(large);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(stream.clients).toBe(1);
    socket.destroy();
    stream.change('{"n":"last"}');
    await expect.poll(() => reading.events().at(-1)).toContain('{"n":"last"}');
  });
});
