/**
 * The way into the portal, of both generations: an address with a token for the tenant (spec api-v1.md §9.3). It leads to
 * where the caller reached us, by its `Host`, since nothing else is known of how we are reached.
 */
import { tenantOf, type Call } from './route.ts';
import type { Credentials } from './credentials.ts';
import type { portalSchema } from './entities.ts';
import { badRequest } from './errors.ts';
import { z } from 'zod';

/** What stands before the first slash of a URL; without a user, who would be shown as the host. */
const AUTHORITY = /^(\[[0-9a-f:.]+\]|[\w.~-]+)(:\d{1,5})?$/i;

export const portalQuery = {
  theme: { schema: z.enum(['light', 'dark']), description: 'How the portal looks; other values are ignored.' },
};

/** @throws AppError `bad_request` for a `Host` that is none */
export async function portalReply(
  call: Call<unknown>,
  credentials: Pick<Credentials, 'mint'>,
): Promise<z.input<typeof portalSchema>> {
  const host = call.header('host') ?? '';
  if (!AUTHORITY.test(host)) throw badRequest('the Host header must be a host, and its port if it has one');
  const { id } = tenantOf(call);
  const token = await credentials.mint(id);
  const theme = call.query.scalar('theme');
  const look = theme === 'light' || theme === 'dark' ? `&theme=${theme}` : '';
  // Without a slash before the query, as the original writes it; the scheme is that of our own socket.
  return { redirect_url: `http://${host}?token=${token}${look}`, tenant_id: id };
}
