import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { connectionsOf } from './connections.ts';

/** A server, sockets to it, and timers that fire when the test says so. */
async function world() {
  const answers: ServerResponse[] = [];
  const arrived: (() => void)[] = [];
  const timers: { delayMs: number; fire: () => void }[] = [];
  const server = createServer((request, response) => {
    request.resume();
    request.once('error', () => {});
    answers.push(response);
    arrived.shift()?.();
  });
  const connections = connectionsOf(server, (delayMs, fire) => {
    const timer = { delayMs, fire };
    timers.push(timer);
    return () => void timers.splice(timers.indexOf(timer), 1);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = async (bytes: string): Promise<{ socket: Socket; ended: Promise<unknown> }> => {
    const accepted = once(server, 'connection');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    const ended = once(socket, 'close');
    await accepted;
    socket.resume().write(bytes);
    return { socket, ended };
  };
  const request = (): Promise<void> => new Promise((resolve) => void arrived.push(resolve));
  return { server, connections, timers, answers, open, request };
}

describe('the end of the API’s connections', () => {
  it('cuts off half a head and half a body after a moment, and lets what has come whole be answered', async () => {
    const { server, connections, timers, answers, open, request } = await world();
    const halfHead = await open('POST / HTTP/1.1\r\nHost');
    const halfBodyCame = request();
    const halfBody = await open('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{');
    await halfBodyCame;
    const wholeCame = request();
    const whole = await open('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await wholeCame;

    const closed = new Promise((resolve) => void server.close(resolve));
    const end = connections.end();
    timers.find(({ delayMs }) => delayMs === 1_000)!.fire();
    await Promise.all([halfHead.ended, halfBody.ended]);
    assert.equal(whole.socket.destroyed, false, 'a whole request is answered');
    answers.at(-1)!.end('done');
    await whole.ended;
    await closed;
    end();
    assert.deepEqual(
      timers.filter(({ delayMs }) => delayMs === 10_000),
      [],
      'no timer is left behind',
    );
  });

  it('cuts off whatever is left in the end', async () => {
    const { server, connections, timers, open, request } = await world();
    const came = request();
    const slow = await open('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await came;
    const closed = new Promise((resolve) => void server.close(resolve));
    connections.end();
    timers.find(({ delayMs }) => delayMs === 10_000)!.fire();
    await slow.ended;
    await closed;
  });
});
