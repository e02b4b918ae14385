// Reading and listing cases.
import { prepared, usual, wall, wallValues } from './database.js';
import { raisedFlags } from './flags.js';
import { today } from './reference.js';
import { caseSchema, listSchema } from './schemas.js';

export const COLUMNS = `c.id, c.file_no, c.decision_no, c.decision_date, c.unit_id, c.officer_id, c.matter_id, c.kind,
  c.initiation, c.segment, c.account, c.is_open, c.with_conditions, c.amount_vnd, c.outstanding_vnd, c.accepted_on,
  c.left_on, c.version, c.confidentiality${usual ? ', u.code AS unit_code, n.name AS unit_name, o.name AS officer_name' : ''}`;

const TODAY = "(now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date";

export const FROM = usual
  ? `FROM enforcement_case c JOIN unit u ON u.id = c.unit_id JOIN officer o ON o.id = c.officer_id
    LEFT JOIN LATERAL (SELECT name FROM unit_name WHERE unit_id = u.id AND lower(validity) <= ${TODAY}
      ORDER BY validity DESC LIMIT 1) n ON true`
  : 'FROM enforcement_case c';

const SEGMENTS = Array.from({ length: 8 }, (_, bits) =>
  ['credit_institution', 'corruption_economic', 'state_budget'].filter((_name, n) => bits & (1 << n)),
);

const CLASSES = ['ordinary', 'restricted', 'secret'];

export function item(row, reference) {
  const { unit_id, officer_id } = row;
  return {
    id: row.id,
    file_no: row.file_no,
    decision_no: row.decision_no,
    decision_date: row.decision_date,
    accepted_on: row.accepted_on,
    unit: usual ? { id: unit_id, code: row.unit_code, name: row.unit_name } : reference.briefs.get(unit_id),
    officer: usual ? { id: officer_id, name: row.officer_name } : reference.officers.get(officer_id),
    matter_id: row.matter_id,
    kind: row.kind,
    initiation: row.initiation,
    segments: SEGMENTS[row.segment],
    state: row.account,
    with_conditions: row.with_conditions,
    amount_vnd: row.amount_vnd,
    outstanding_vnd: row.outstanding_vnd,
    left_on: row.left_on,
    version: row.version,
    confidentiality: CLASSES[row.confidentiality],
  };
}

export const TRACKED = `(SELECT json_agg(json_build_object('level', t.level,
      'since', coalesce(lower(t.tracked)::text, '0001-01-01'), 'until', coalesce(upper(t.tracked)::text, '9999-12-31')))
    FROM matter_tracking t WHERE t.matter_id = c.matter_id) AS tracked`;

const READ = (paths) => `SELECT ${COLUMNS}, c.judgment_no, c.judgment_date, c.court,
    (SELECT json_agg(json_build_object('no', o.no, 'kind', o.kind, 'amount_vnd', o.amount_vnd,
       'description', o.description) ORDER BY o.no) FROM obligation o WHERE o.case_id = c.id) AS obligations,
    (SELECT json_agg(json_build_object('no', p.no, 'role', p.role, 'kind', p.kind, 'credit_institution',
       p.credit_institution, 'institution', p.institution, 'name', p.masked_name) ORDER BY p.no) FROM party p WHERE p.case_id = c.id) AS parties,
    ${TRACKED}
  ${FROM} WHERE c.id = $1 AND ${wall('c', paths, 2)}`;

export function cursorOf(row) {
  return Buffer.from(JSON.stringify([row.decision_date, row.id])).toString('base64url');
}

export async function caseRoutes(app, { pool, reference }) {
  app.get('/cases/:id', { config: { scope: 'cases:read' }, schema: caseSchema }, async (request, reply) => {
    const { paths } = request.caller;
    const values = [request.params.id, ...wallValues(paths)];
    const { rows } = await pool.query({ ...prepared(READ(paths)), values });
    if (!rows.length) return reply.code(404).send({ title: 'Not found', status: 404 });
    const [row] = rows;
    const day = today();
    return {
      ...item(row, reference),
      as_of: day,
      judgment_no: row.judgment_no,
      judgment_date: row.judgment_date,
      court: row.court,
      obligations: row.obligations,
      parties: row.parties,
      flags: raisedFlags(row, day, reference.rulesOn(day), row.tracked),
    };
  });

  app.get('/cases', { config: { scope: 'cases:read' }, schema: listSchema }, async (request, reply) => {
    const { unit, open, limit, cursor } = request.query;
    const asked = unit ? reference.units.get(unit) : null;
    if (asked === undefined) return reply.code(422).send({ title: 'No such unit', status: 422 });
    const { paths } = request.caller;
    const conditions = [wall('c', paths, 2)];
    const values = [limit + 1, ...wallValues(paths)];
    const next = (value) => `$${values.push(value)}`;
    if (asked && !reference.parents.has(asked.id)) conditions.push(`c.unit_id = ${next(asked.id)}`);
    else if (asked) {
      const [lower, upper] = wallValues([asked.path]).map(next);
      conditions.push(`c.unit_path >= ${lower} AND c.unit_path < ${upper}`);
    }
    if (open !== undefined) conditions.push(open ? 'c.is_open' : 'NOT c.is_open');
    if (cursor) {
      const [date, id] = JSON.parse(Buffer.from(cursor, 'base64url')).map(next);
      conditions.push(`(c.decision_date, c.id) < (${date}::date, ${id}::uuid)`);
    }
    const text = `SELECT ${COLUMNS} ${FROM} WHERE ${conditions.join(' AND ')}
      ORDER BY c.decision_date DESC, c.id DESC LIMIT $1`;
    const { rows } = await pool.query({ ...prepared(text), values });
    const more = rows.length > limit;
    if (more) rows.pop();
    return {
      items: rows.map((row) => item(row, reference)),
      next: more ? cursorOf(rows.at(-1)) : null,
      count: null,
    };
  });
}
