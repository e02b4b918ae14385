// Units, officers, rules and clients in memory, read again every minute.
const REFRESH_MS = 60_000;

export function today() {
  return new Date(Date.now() + 7 * 3_600_000).toISOString().slice(0, 10); // Vietnam has no summer time
}

export class Reference {
  static async start(pool) {
    const reference = new Reference();
    await reference.load(pool);
    setInterval(() => reference.load(pool).catch(console.error), REFRESH_MS).unref();
    return reference;
  }

  async load(pool) {
    const day = today();
    const [units, officers, rules, clients, regimes, targets, successors] = await Promise.all([
      pool.query(
        `SELECT u.id, u.code, u.path, u.level, u.parent_id, coalesce(lower(u.validity)::text, '0001-01-01') AS since,
           coalesce(upper(u.validity)::text, '9999-12-31') AS until, (
           SELECT n.name FROM unit_name n WHERE n.unit_id = u.id AND lower(n.validity) <= $1::date
           ORDER BY n.validity DESC LIMIT 1) AS name
         FROM unit u ORDER BY u.path`,
        [day],
      ),
      pool.query('SELECT id, name FROM officer'),
      pool.query(
        `SELECT flag, version, years, years_inclusive, min_amount_vnd, amount_meant, requires_conditions, legal_basis,
           coalesce(lower(validity)::text, '0001-01-01') AS since,
           coalesce(upper(validity)::text, '9999-12-31') AS until
         FROM priority_rule ORDER BY flag, version`,
      ),
      pool.query(
        `SELECT c.id, array_agg(u.path ORDER BY u.path) AS paths
         FROM client c JOIN client_grant g ON g.client_id = c.id JOIN unit u ON u.id = g.unit_id
         WHERE NOT c.disabled GROUP BY c.id`,
      ),
      pool.query(
        `SELECT DISTINCT ON (r.code) r.code, v.lines -> 'cases' AS lines,
           coalesce(lower(r.validity)::text, '0001-01-01') AS since,
           coalesce(upper(r.validity)::text, '9999-12-31') AS until
         FROM regime r JOIN regime_version v USING (code) ORDER BY r.code, v.version DESC`,
      ),
      pool.query(
        `SELECT id, unit_id, fiscal_year, indicator, version, rate_bp, effective_on FROM target
         WHERE unit_id IS NOT NULL ORDER BY version DESC`,
      ),
      pool.query(
        `SELECT split_part(p.path, '.', 2) AS before, split_part(n.path, '.', 2) AS after FROM unit_successor s
         JOIN unit p ON p.id = s.predecessor_id JOIN unit n ON n.id = s.successor_id
         WHERE p.level = 'provincial' AND n.level = 'provincial' ORDER BY n.path DESC`,
      ),
    ]);
    this.units = new Map(units.rows.map((unit) => [unit.id, unit]));
    this.byPath = new Map(units.rows.map((unit) => [unit.path, unit]));
    this.parents = new Set(units.rows.map((unit) => unit.parent_id));
    this.briefs = new Map(units.rows.map(({ id, code, name }) => [id, { id, code, name }]));
    this.officers = new Map(officers.rows.map((officer) => [officer.id, officer]));
    this.rules = rules.rows;
    this.regimes = regimes.rows;
    this.targets = new Map();
    for (const target of targets.rows) {
      const key = `${target.unit_id} ${target.fiscal_year} ${target.indicator}`;
      this.targets.set(key, [...(this.targets.get(key) ?? []), target]);
    }
    this.successors = new Map(successors.rows.map(({ before, after }) => [before, after]));
    this.provinces = units.rows.filter((unit) => unit.level === 'provincial');
    this.paths = new Map(clients.rows.map((client) => [client.id, client.paths]));
  }

  regimeOn(day) {
    return this.regimes.find((regime) => regime.since <= day && day < regime.until);
  }

  // The newest version effective on a day.
  target(unitId, fiscalYear, indicator, day) {
    const versions = this.targets.get(`${unitId} ${fiscalYear} ${indicator}`) ?? [];
    return versions.find((version) => version.effective_on <= day);
  }

  unitAt(path) {
    return this.byPath.get(path);
  }

  provincesOn(day) {
    return this.provinces.filter((unit) => unit.since <= day && day < unit.until);
  }

  // The province of today that a part of a path counts with.
  provinceOf(part) {
    return this.successors.get(part) ?? part;
  }

  rulesOn(day) {
    return this.rules.filter((rule) => rule.since <= day && day < rule.until);
  }
}
