// The same reads as the service, written by hand for Fastify and pg: two processes, prepared statements.
import cluster from 'node:cluster';
import Fastify from 'fastify';
import { accessControl } from './access.js';
import { attainmentRoutes } from './attainment.js';
import { caseRoutes } from './cases.js';
import { pool } from './database.js';
import { priorityRoutes } from './priority.js';
import { Reference } from './reference.js';

if (cluster.isPrimary) {
  for (let n = 0; n < Number(process.env.PEER_WORKERS); n += 1) cluster.fork();
  cluster.on('exit', () => process.exit(1));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
} else {
  const app = Fastify();
  const reference = await Reference.start(pool);
  app.addHook('onRequest', await accessControl(reference));
  for (const routes of [attainmentRoutes, caseRoutes, priorityRoutes]) {
    app.register(routes, { prefix: '/v1', pool, reference });
  }
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
}
