// Results of all provinces from 1 October to today, beside target, nation and the year before.
import { prepared } from './database.js';
import { periodUntil, span, yearBefore } from './periods.js';
import { change, compareShares, percent, points, rateOut, ratio } from './rates.js';
import { today } from './reference.js';
import { attainmentSchema } from './schemas.js';

const INDICATORS = { cases_rate: 'cases', money_rate: 'money' };
const STOCK = ['enforcing', 'deferred_by_agreement', 'other', 'no_conditions', 'deferred', 'suspended'];
const ONE_DECISION_PER_DEBTOR = '2026-07-01';
const LETTERS = [
  ['D1', 'done'], ['D2', 'enforcing'], ['D3', 'deferred_by_agreement'], ['D4', 'other'],
  ['C2', 'without_conditions'], ['C3', 'deferred_or_suspended'],
];

// Each line as [name, accounts added, accounts taken away, accounts whose opening stock counts].
function linesOf(regime) {
  return [
    ['carried_over', [], ['register_carried'], STOCK],
    ['newly_accepted', ['accepted', 'raised', 'register_back'], ['register_new'], []],
    ['handed_over_net', ['handed_in'], ['handed_out'], []],
    ['entrusted', ['entrusted'], [], []],
    ['withdrawn', ['withdrawn'], [], []],
    ['pulled_up', ['pulled_up'], [], []],
    ...LETTERS.map(([letter, name]) => {
      const accounts = regime.lines[letter];
      return [name, accounts, [], accounts.filter((account) => STOCK.includes(account))];
    }),
  ];
}

function resultOf(regime) {
  const lines = linesOf(regime);
  const [done, ...open] = lines.slice(6, 10);
  return [done, ['with_conditions', [done, ...open].flatMap((l) => l[1]), [], open.flatMap((l) => l[3])]];
}

function sums(lines, opening) {
  return Object.values(INDICATORS).flatMap((measure) =>
    lines.map(([, plus, minus, stock]) => {
      const added = (opening ? stock : plus).map((account) => `+ r.${measure}_${account}`);
      const taken = (opening ? [] : minus).map((account) => `- r.${measure}_${account}`);
      return [...added, ...taken].join(' ') || '0';
    }),
  );
}

// Flows of whole quarters, of the months after them, of the days of the last one, and the opening stock, by province of the path.
function statement(lines) {
  const columns = (found, sign = '') => found.map((sum, n) => `${sign}(${sum}) AS c${n}`).join(', ');
  const flows = sums(lines, false);
  return `SELECT split_part(u.path, '.', 2), ${flows.map((_, n) => `sum(c${n})::bigint`).join(', ')} FROM (
      SELECT r.unit_id, ${columns(flows)} FROM rollup_unit_quarter r
      WHERE r.quarter >= $1 AND r.quarter < $2
      UNION ALL
      SELECT r.unit_id, ${columns(flows)} FROM rollup_unit_month r WHERE r.month BETWEEN $2 AND $3
      UNION ALL
      SELECT r.unit_id, ${columns(flows, '$6::int * ')} FROM rollup_unit_day r WHERE r.day BETWEEN $4 AND $5
      UNION ALL
      SELECT r.unit_id, ${columns(sums(lines, true))} FROM unit_opening r WHERE r.fiscal_year = $7
    ) r JOIN unit u ON u.id = r.unit_id GROUP BY 1`;
}

// Sums by province of today: what old provinces had counts with the one that succeeded them.
async function balances(pool, reference, period, lines, day) {
  const text = statement(lines);
  const values = [...span(period, day), period.fiscalYear];
  const { rows } = await pool.query({ ...prepared(text), values, rowMode: 'array' });
  const found = new Map();
  for (const [part, ...figures] of rows) {
    const place = reference.provinceOf(part);
    const kept = found.get(place);
    found.set(place, kept ? kept.map((value, n) => value + figures[n]) : figures);
  }
  return found;
}

const NOTHING = new Array(24).fill(0);

function resultsOf(now = NOTHING, before = NOTHING, unit, reference, period) {
  return Object.keys(INDICATORS).map((indicator, index) => {
    const [
      carried_over, newly_accepted, handed_over_net, entrusted, withdrawn, pulled_up,
      done, enforcing, deferred_by_agreement, other, without_conditions, deferred_or_suspended,
    ] = now.slice(index * 12, index * 12 + 12);
    const accepted_total = carried_over + newly_accepted + handed_over_net;
    const must_enforce = accepted_total - entrusted - withdrawn - pulled_up;
    const with_conditions = done + enforcing + deferred_by_agreement + other;
    const lines = {
      accepted_total, carried_over, newly_accepted, handed_over_net, entrusted, withdrawn, pulled_up, must_enforce,
      with_conditions, without_conditions, deferred_or_suspended, done, enforcing, deferred_by_agreement, other,
      carried_forward: must_enforce - done,
    };
    const target = unit && reference.target(unit.id, period.fiscalYear, indicator, period.last);
    return { lines, share: [done, with_conditions], before: before.slice(index * 2, index * 2 + 2), target };
  });
}

function rank(results) {
  const ranked = results.filter(({ share }) => share[1]).sort((a, b) => compareShares(b.share, a.share));
  ranked.forEach((result, n) => {
    const equal = n > 0 && compareShares(result.share, ranked[n - 1].share) === 0;
    result.rank = equal ? ranked[n - 1].rank : n + 1;
  });
  return ranked.length;
}

function attained([done, all], target) {
  if (!target || !all) return null;
  return ratio(BigInt(done) * 1_000_000n, BigInt(all) * BigInt(target.rate_bp));
}

function resultOut({ lines, share, before, target, rank: place = null }, national) {
  const wanted = target && [target.rate_bp, 10_000];
  return {
    ...lines,
    rate: rateOut(share),
    rank: place,
    target: target ? { id: target.id, version: target.version, rate: percent(...wanted) } : null,
    attainment: attained(share, target),
    distance_pp: target ? points(share, wanted) : null,
    national_difference_pp: points(share, national),
    below_national_average: share[1] && national[1] ? compareShares(share, national) < 0 : null,
    previous_year: {
      rate: rateOut(before),
      delta_pp: points(share, before),
      delta: share[0] - before[0],
      delta_pct: change(share[0], before[0]),
    },
  };
}

function periodOut(period, regime) {
  const { fiscalYear, months, first, last } = period;
  return { fiscal_year: fiscalYear, months, starts_on: first, ends_on: last, regime: regime.code };
}

export async function attainmentRoutes(app, { pool, reference }) {
  const options = { config: { scope: 'targets:read' }, schema: attainmentSchema };
  app.get('/target-attainment', options, async (request, reply) => {
    const { paths } = request.caller;
    if (paths.length !== 1) return reply.code(422).send({ title: 'Name a unit', status: 422 });
    const day = today();
    const period = periodUntil(request.query.as_of ?? day);
    const before = yearBefore(period);
    const regime = reference.regimeOn(period.last);
    const regimeBefore = reference.regimeOn(before.last);
    const [found, foundBefore] = await Promise.all([
      balances(pool, reference, period, linesOf(regime), day),
      balances(pool, reference, before, resultOf(regimeBefore), day),
    ]);
    const provinces = reference.provincesOn(period.last).filter((unit) => unit.path.startsWith(paths[0]));
    const standings = provinces.map((unit) => {
      const place = unit.path.split('.')[1];
      return { unit, results: resultsOf(found.get(place), foundBefore.get(place), unit, reference, period) };
    });
    const nation = [...found.values()].map((now) => resultsOf(now, NOTHING, null, reference, period));
    const shares = [0, 1].map((n) => [0, 1].map((side) => nation.reduce((sum, all) => sum + all[n].share[side], 0)));
    const ranked = [0, 1].map((n) => rank(standings.map(({ results }) => results[n])));
    standings.sort((a, b) => (a.results[0].rank ?? Infinity) - (b.results[0].rank ?? Infinity));
    const same = JSON.stringify(regime.lines) === JSON.stringify(regimeBefore.lines);
    const grouped = before.first < ONE_DECISION_PER_DEBTOR && ONE_DECISION_PER_DEBTOR <= period.last;
    const items = standings.slice(0, request.query.limit).map(({ unit, results }) => ({
      unit: reference.briefs.get(unit.id),
      officer: null,
      cases_rate: resultOut(results[0], shares[0]),
      money_rate: resultOut(results[1], shares[1]),
    }));
    return {
      items,
      next: null,
      period: periodOut(period, regime),
      previous_period: periodOut(before, regimeBefore),
      national: {
        cases_rate: { rate: rateOut(shares[0]), ranked: ranked[0], comparable: same && !grouped },
        money_rate: { rate: rateOut(shares[1]), ranked: ranked[1], comparable: same },
      },
    };
  });
}
