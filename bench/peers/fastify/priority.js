// Flagged cases of today, oldest decision first, and how many there are.
import { COLUMNS, FROM, TRACKED, cursorOf, item } from './cases.js';
import { prepared, wall, wallValues } from './database.js';
import { latestDecisionDate, raisedFlags } from './flags.js';
import { today } from './reference.js';
import { priorityListSchema, summarySchema } from './schemas.js';

const FLAGS = ['long_running', 'high_value', 'steering_committee'];

// The condition of each rule in force; $1 is today.
function conditionsOf(rules, day, next) {
  return rules.map((rule) => {
    const parts = ['c.is_open'];
    if (rule.requires_conditions) parts.push('c.with_conditions');
    if (rule.min_amount_vnd !== null) {
      const meant = rule.amount_meant === 'outstanding' ? 'outstanding_vnd' : 'amount_vnd';
      parts.push(`c.${meant} >= ${next(rule.min_amount_vnd)}`);
    }
    if (rule.years !== null) parts.push(`c.decision_date <= ${next(latestDecisionDate(day, rule))}::date`);
    if (rule.flag === 'steering_committee') {
      const tracked = 'SELECT matter_id FROM matter_tracking WHERE tracked @> $1::date';
      parts.push(`c.steering_matter AND c.matter_id IN (${tracked})`);
    }
    return `(${parts.join(' AND ')})`;
  });
}

function statementFor(reference, caller) {
  const day = today();
  const values = [day, ...wallValues(caller.paths)];
  const next = (value) => `$${values.push(value)}`;
  const rules = reference.rulesOn(day);
  return { day, rules, values, next, conditions: conditionsOf(rules, day, next), within: wall('c', caller.paths, 2) };
}

function figure([cases, amount_vnd, outstanding_vnd] = [0, 0, 0]) {
  return { cases, amount_vnd, outstanding_vnd };
}

function add(kept, name, figures) {
  kept[name] ??= [0, 0, 0];
  figures.forEach((value, n) => (kept[name][n] += value));
}

function tally(kept, rules) {
  const flags = FLAGS.map((flag) => [flag, rules.some((rule) => rule.flag === flag) ? figure(kept?.[flag]) : null]);
  return { total: figure(kept?.total), ...Object.fromEntries(flags) };
}

export async function priorityRoutes(app, { pool, reference }) {
  app.get('/priority-cases', { config: { scope: 'priority:read' }, schema: priorityListSchema }, async (request) => {
    const { limit, cursor } = request.query;
    const { day, rules, values, next, conditions, within } = statementFor(reference, request.caller);
    const all = [within, `(${conditions.join(' OR ')})`];
    if (cursor) {
      const [date, id] = JSON.parse(Buffer.from(cursor, 'base64url')).map(next);
      all.push(`(c.decision_date, c.id) > (${date}::date, ${id}::uuid)`);
    }
    const text = `SELECT ${COLUMNS}, ${TRACKED} ${FROM} WHERE c.is_open AND ${all.join(' AND ')}
      ORDER BY c.decision_date, c.id LIMIT ${next(limit + 1)}`;
    const { rows } = await pool.query({ ...prepared(text), values });
    const more = rows.length > limit;
    if (more) rows.pop();
    return {
      items: rows.map((row) => ({ ...item(row, reference), flags: raisedFlags(row, day, rules, row.tracked) })),
      next: more ? cursorOf(rows.at(-1)) : null,
    };
  });

  const options = { config: { scope: 'priority:read' }, schema: summarySchema };
  app.get('/priority-cases/summary', options, async (request, reply) => {
    const root = reference.unitAt(request.caller.paths[0]);
    if (root.level !== 'national') return reply.code(422).send({ title: 'Only of the nation', status: 422 });
    const { day, rules, values, conditions, within } = statementFor(reference, request.caller);
    const bits = conditions.map((condition, n) => `(${condition}::int << ${n})`).join(' | ');
    const text = `SELECT split_part(c.unit_path, '.', 2), coalesce(${bits}, 0), count(*), sum(c.amount_vnd)::bigint,
        sum(c.outstanding_vnd)::bigint
      FROM enforcement_case c WHERE c.is_open AND ${within} AND (${conditions.join(' OR ')}) GROUP BY 1, 2`;
    const { rows } = await pool.query({ ...prepared(text), values, rowMode: 'array' });
    const overall = {};
    const places = new Map();
    for (const [part, raised, ...figures] of rows) {
      const place = reference.provinceOf(part);
      if (!places.has(place)) places.set(place, {});
      for (const kept of [overall, places.get(place)]) {
        add(kept, 'total', figures);
        rules.forEach((rule, n) => (raised >> n) & 1 && add(kept, rule.flag, figures));
      }
    }
    const groups = [...reference.provincesOn(day), root].map((unit) => ({
      unit: reference.briefs.get(unit.id),
      officer: null,
      level: null,
      tally: tally(places.get(unit.path.split('.')[1]), rules),
    }));
    const unit = reference.briefs.get(root.id);
    return { as_of: day, unit, group_by: 'unit', overall: tally(overall, rules), groups };
  });
}
