/**
 * `GET /metrics` on a listener of its own, so that it can stay on an address that the API's callers don't reach. It has
 * no credential and shows no id.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 5_000;
const HEADER_MAX_BYTES = 8 * 1_024;

export interface MetricsServer {
  /** @returns the port. Rejects if it can't listen. */
  listen(port: number, host: string): Promise<number>;
  close(): Promise<void>;
}

export function metricsServer(render: () => Promise<string>): MetricsServer {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: HEADER_MAX_BYTES },
    (request, response) => void answer(render, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  return {
    async listen(port, host) {
      server.listen(port, host);
      await once(server, 'listening');
      const address = server.address();
      return address === null || typeof address === 'string' ? port : address.port;
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  render: () => Promise<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isHead = request.method === 'HEAD';
  if (request.url?.split('?')[0] !== '/metrics') return reply(response, 404, 'text/plain', 'not found\n');
  if (request.method !== 'GET' && !isHead) return reply(response, 405, 'text/plain', 'only GET\n');
  const text = await render().catch(() => null);
  if (text === null) return reply(response, 500, 'text/plain', 'the metrics could not be read\n');
  reply(response, 200, CONTENT_TYPE, isHead ? '' : text);
}

function reply(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}
