/**
 * The API's open connections, for its end: what has no request is closed at once, a request that has come whole is
 * answered, and one that is still coming is given a moment and then cut off. Node's own `close` waits for all of them,
 * and for a sender that never goes on it waits for ever.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

/** What a sender in the middle of a request gets to finish it. */
const HALF_REQUEST_MS = 1_000;
/** What the answers under way get. */
const ANSWERS_MS = 10_000;

export interface Connections {
  /** Begins to close them. Returns what ends the watch once the server has closed. */
  end(): () => void;
}

/** @param after calls back once after the delay; returns what cancels it */
export function connectionsOf(server: Server, after: (delayMs: number, fire: () => void) => () => void): Connections {
  /** The last request of each connection, null before the first. */
  const open = new Map<Socket, IncomingMessage | null>();
  server.on('connection', (socket: Socket) => {
    open.set(socket, null);
    socket.once('close', () => open.delete(socket));
  });
  server.prependListener('request', (request: IncomingMessage) => void open.set(request.socket, request));

  const cutOff = (isToGo: (request: IncomingMessage | null) => boolean): void => {
    for (const [socket, request] of open) if (isToGo(request)) socket.destroy();
  };
  return {
    end() {
      server.closeIdleConnections();
      const cancelHalf = after(HALF_REQUEST_MS, () => cutOff((request) => request === null || !request.complete));
      const cancelRest = after(ANSWERS_MS, () => cutOff(() => true));
      return () => {
        cancelHalf();
        cancelRest();
      };
    },
  };
}
