import pg from 'pg';

pg.types.setTypeParser(pg.types.builtins.INT8, Number); // amounts stay below 2^53
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

export const pool = new pg.Pool({ connectionString: process.env.THADS_DATABASE_URL });

// Rows `alias` within the caller's subtrees; the parameters begin at $first.
export function wall(alias, paths, first) {
  const ranges = paths.map((_, n) => {
    const at = first + 2 * n;
    return `(${alias}.unit_path >= $${at} AND ${alias}.unit_path < $${at + 1})`;
  });
  return ranges.length ? `(${ranges.join(' OR ')})` : 'false';
}

export function wallValues(paths) {
  return paths.flatMap((path) => [path, `${path.slice(0, -1)}/`]);
}

// As such a service is usually written: names are joined in SQL, and statements are not prepared by name.
export const usual = process.env.PEER_USUAL === '1';

const names = new Map();

// A statement for `pool.query`; a prepared one is known by its name, at most 63 characters of it.
export function prepared(text) {
  if (usual) return { text };
  let name = names.get(text);
  if (!name) names.set(text, (name = `s${names.size}`));
  return { name, text };
}
