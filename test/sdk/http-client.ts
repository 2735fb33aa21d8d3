/** A client's `httpClient` without `fetch`: `fetch` reports a 407 as a broken connection, as its standard asks. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { HTTPClient } from '../../sdk/src/outpost-sdk.ts';

export const plainHttpClient: HTTPClient = async (url, init) => {
  const sent = request(url, {
    method: init.method ?? 'GET',
    headers: Object.fromEntries(new Headers(init.headers).entries()),
  });
  sent.end(init.body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Response(await text(answer), { status: answer.statusCode ?? 0, headers });
};
