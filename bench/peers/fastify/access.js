// The access token, verified with every request or remembered until it expires; subtrees come from the grants.
import { readFile } from 'node:fs/promises';
import { importSPKI, jwtVerify } from 'jose';

export async function accessControl(reference) {
  const key = await importSPKI(await readFile(process.env.PEER_PUBLIC_KEY, 'utf8'), 'Ed25519');
  const wanted = { issuer: process.env.PEER_ISSUER, audience: process.env.PEER_AUDIENCE, typ: 'at+jwt' };
  const known = new Map();
  const remembers = process.env.PEER_REMEMBERS_TOKENS === '1';

  async function verified(token) {
    let found = known.get(token);
    if (!found) {
      const { payload } = await jwtVerify(token, key, wanted);
      found = { id: payload.client_id, scopes: new Set(payload.scope.split(' ')), expires: payload.exp };
      if (remembers) known.set(token, found);
    }
    if (found.expires * 1000 <= Date.now()) throw new Error('expired');
    return found;
  }

  return async function authenticate(request, reply) {
    const { scope } = request.routeOptions.config;
    try {
      const client = await verified(request.headers.authorization.slice('Bearer '.length));
      const paths = reference.paths.get(client.id);
      if (!paths) throw new Error('unknown client');
      request.caller = { paths, scopes: client.scopes };
    } catch {
      return reply.code(401).send({ title: 'Unauthorized', status: 401 });
    }
    if (!request.caller.scopes.has(scope)) return reply.code(403).send({ title: 'Forbidden', status: 403 });
  };
}
