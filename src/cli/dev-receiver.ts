/**
 * The receiver that is built into `outpost dev`: a web server as a customer would write one. It checks the signature
 * with verify.ts, the file that customers may copy, and knows nothing of Outpost but that.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { verifyWebhook, WebhookVerificationError } from '../destinations/webhook/verify.ts';

/** Above what a publish may be. */
const BODY_MAX_BYTES = 4 * 1_024 * 1_024;
const REQUEST_TIMEOUT_MS = 10_000;

export interface ReceivedWebhook {
  readonly eventId: string;
  readonly topic: string;
  readonly body: string;
  /** Null when the signature fits, else why it doesn't. */
  readonly refusal: string | null;
}

export interface DevReceiver {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param wantedPort taken if it is free, else another one
 * @param onWebhook called for each webhook, before it is answered: 200 if it is verified, else 401
 */
export async function devReceiver(
  secret: string,
  wantedPort: number,
  onWebhook: (webhook: ReceivedWebhook) => void,
): Promise<DevReceiver> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    readBody(request)
      .then((rawBody) => {
        const webhook = receive(secret, request, rawBody);
        onWebhook(webhook);
        response.writeHead(webhook.refusal === null ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ received: webhook.refusal === null }));
      })
      .catch(() => response.destroy());
  });
  const port = (await listen(server, wantedPort)) ?? (await listen(server, 0));
  if (port === null) throw new Error('the receiver found no free port');
  return {
    port,
    url: `http://127.0.0.1:${port}/webhooks`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers the port, or null if it can't be had. */
async function listen(server: Server, port: number): Promise<number | null> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return null;
  }
  const address = server.address();
  return address === null || typeof address === 'string' ? null : address.port;
}

function receive(secret: string, request: IncomingMessage, rawBody: Buffer): ReceivedWebhook {
  const body = rawBody.toString('utf8');
  try {
    const { eventId, topic } = verifyWebhook({ secret, headers: request.headers, rawBody });
    return { eventId: eventId ?? '', topic: topic ?? '', body, refusal: null };
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    return { eventId: headerOf(request, 'event-id'), topic: headerOf(request, 'topic'), body, refusal: error.message };
  }
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[`x-outpost-${name}`];
  return typeof value === 'string' ? value : '';
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_MAX_BYTES) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
