// The priority flags of one case, with their reasons.
const DAY_MS = 86_400_000;
const LEVELS = { central: ['Trung ương', 'Central'], provincial: ['cấp tỉnh', 'provincial'] };

function leap(year) {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function addDays(day, days) {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

export function anniversary(day, years) {
  const year = Number(day.slice(0, 4)) + years;
  const rest = day.slice(4) === '-02-29' && !leap(year) ? '-02-28' : day.slice(4);
  return String(year).padStart(4, '0') + rest;
}

function firstDayRaised(decided, rule) {
  const reached = anniversary(decided, rule.years);
  return rule.years_inclusive ? reached : addDays(reached, 1);
}

export function latestDecisionDate(on, rule) {
  const reached = rule.years_inclusive ? on : addDays(on, -1);
  const newest = anniversary(reached, -rule.years);
  const eve = addDays(newest, 1); // 29 February reaches its age on the 28th where the later year has no 29th
  return anniversary(eve, rule.years) <= reached ? eve : newest;
}

export function raisedFlags(row, on, rules, tracked) {
  if (!row.is_open) return [];
  return rules.map((rule) => raised(row, on, rule, tracked ?? [])).filter(Boolean);
}

function raised(row, on, rule, tracked) {
  const amount = rule.amount_meant === 'outstanding' ? row.outstanding_vnd : row.amount_vnd;
  const reached = rule.years === null ? null : firstDayRaised(row.decision_date, rule);
  if (reached !== null && reached > on) return null;
  if (rule.requires_conditions && !row.with_conditions) return null;
  if (rule.min_amount_vnd !== null && amount < rule.min_amount_vnd) return null;
  const levels = [...new Set(tracked.filter((t) => t.since <= on && on < t.until).map((t) => t.level))].sort();
  const followed = levels.length ? trackedSince(on, tracked) : null;
  const steering = rule.flag === 'steering_committee';
  if (steering && followed === null) return null;
  const began = (steering ? followed : reached) ?? rule.since;
  const facts = {
    decision_date: row.decision_date,
    years: rule.years,
    reached_on: reached,
    with_conditions: row.with_conditions,
    amount_vnd: amount,
    amount_meant: rule.amount_meant,
    min_amount_vnd: rule.min_amount_vnd,
    matter_id: row.matter_id,
    tracked_by: levels,
    tracked_since: followed,
  };
  const [text_vi, text_en] = texts(rule, facts, steering);
  return {
    flag: rule.flag,
    rule_version: rule.version,
    since: began > rule.since ? began : rule.since,
    facts,
    legal_basis: rule.legal_basis,
    text_vi,
    text_en,
  };
}

function trackedSince(on, tracked) {
  let start = on;
  for (;;) {
    const earlier = tracked.filter((t) => t.since < start && start <= t.until).map((t) => t.since);
    if (!earlier.length) return start;
    start = earlier.sort()[0];
  }
}

function texts(rule, facts, steering) {
  const vi = [];
  const en = [];
  if (steering) {
    const names = facts.tracked_by.map((level) => LEVELS[level]);
    const [inVietnamese, inEnglish] = [0, 1].map((n) => names.map((name) => name[n]));
    vi.push(`Vụ việc do Ban Chỉ đạo ${inVietnamese.join(', ')} theo dõi từ ${vietnamese(facts.tracked_since)}`);
    en.push(`matter tracked by the ${inEnglish.join(' and ')} steering committee since ${facts.tracked_since}`);
  }
  if (facts.years !== null) {
    const word = rule.years_inclusive ? 'đủ' : 'quá';
    const [decided, reached] = [facts.decision_date, facts.reached_on].map(vietnamese);
    vi.push(`quyết định thi hành án ngày ${decided}, ${word} ${facts.years} năm từ ${reached}`);
    const more = rule.years_inclusive ? '' : 'more than ';
    en.push(`decision of ${facts.decision_date}, ${more}${facts.years} years old since ${facts.reached_on}`);
  }
  if (facts.min_amount_vnd !== null) {
    vi.push(`${grouped(facts.amount_vnd, '.')} đồng (từ ${grouped(facts.min_amount_vnd, '.')} đồng trở lên)`);
    en.push(`${grouped(facts.amount_vnd, ',')} VND (at least ${grouped(facts.min_amount_vnd, ',')})`);
  }
  vi.push(facts.with_conditions ? 'có điều kiện thi hành' : 'chưa có điều kiện thi hành');
  en.push(facts.with_conditions ? 'with conditions' : 'without conditions');
  return [sentence(vi), sentence(en)];
}

function sentence(parts) {
  const text = parts.join('; ');
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function vietnamese(day) {
  return `${day.slice(8)}/${day.slice(5, 7)}/${day.slice(0, 4)}`;
}

function grouped(amount, separator) {
  return String(amount).replace(/\B(?=(\d{3})+$)/g, separator);
}
