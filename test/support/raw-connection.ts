/** A client below HTTP: writes whatever bytes a test wants, when it wants, and shows what comes back as it came. */
import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawConnection {
  write(bytes: string | Uint8Array): void;
  /** Ends our side, leaving the other open. */
  end(): void;
  /** Cuts the connection with a reset. */
  reset(): void;
  /** Everything that came so far, one character a byte. */
  received(): string;
  /** Resolves with everything so far once it holds the text; rejects if the connection ends before. */
  until(text: string): Promise<string>;
  /** Resolves with everything that came when the server has closed the connection. */
  readonly closed: Promise<string>;
}

/** @param url of the server, its path not looked at */
export async function rawConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  let text = '';
  let waiters: { readonly text: string; readonly done: PromiseWithResolvers<string> }[] = [];
  const closed = Promise.withResolvers<string>();
  // A reset is one way for a server to close; tests look at what came before.
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    waiters = waiters.filter((waiter) => {
      if (!text.includes(waiter.text)) return true;
      waiter.done.resolve(text);
      return false;
    });
  });
  const finish = (): void => {
    for (const waiter of waiters)
      waiter.done.reject(new Error(`closed before ${JSON.stringify(waiter.text)}: ${text}`));
    waiters = [];
    closed.resolve(text);
    socket.destroy();
  };
  socket.once('end', finish);
  socket.once('close', finish);
  return {
    write: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    received: () => text,
    until(wanted) {
      if (text.includes(wanted)) return Promise.resolve(text);
      const done = Promise.withResolvers<string>();
      waiters.push({ text: wanted, done });
      return done.promise;
    },
    closed: closed.promise,
  };
}

/** A request's head for a body of this many bytes. */
export function publishHead(options: {
  readonly key: string;
  readonly bytes: number;
  readonly headers?: readonly string[];
}): string {
  const lines = [
    'POST /api/v1/publish HTTP/1.1',
    'Host: outpost.test',
    `Authorization: Bearer ${options.key}`,
    `Content-Length: ${options.bytes}`,
    ...(options.headers ?? []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
