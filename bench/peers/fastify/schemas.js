// Response schemas: Fastify compiles a serialiser from each.
const text = { type: 'string' };
const optional = { type: ['string', 'null'] };
const number = { type: 'integer' };
const flag = { type: 'boolean' };

function object(properties) {
  return { type: 'object', properties };
}

function list(items) {
  return { type: 'array', items };
}

const unit = object({ id: text, code: text, name: text });

const caseItem = {
  id: text,
  file_no: text,
  decision_no: text,
  decision_date: text,
  accepted_on: text,
  unit,
  officer: object({ id: text, name: text }),
  matter_id: optional,
  kind: text,
  initiation: text,
  segments: list(text),
  state: text,
  with_conditions: flag,
  amount_vnd: number,
  outstanding_vnd: number,
  left_on: optional,
  version: number,
  confidentiality: text,
};

const facts = object({
  decision_date: text,
  years: { type: ['integer', 'null'] },
  reached_on: optional,
  with_conditions: flag,
  amount_vnd: number,
  amount_meant: text,
  min_amount_vnd: { type: ['integer', 'null'] },
  matter_id: optional,
  tracked_by: list(text),
  tracked_since: optional,
});

const flagOut = object({
  flag: text,
  rule_version: number,
  since: text,
  facts,
  legal_basis: text,
  text_vi: text,
  text_en: text,
});

export const caseSchema = {
  response: {
    200: object({
      ...caseItem,
      as_of: text,
      judgment_no: optional,
      judgment_date: optional,
      court: optional,
      obligations: list(object({ no: number, kind: text, amount_vnd: number, description: text })),
      parties: list(object({ no: number, role: text, kind: text, credit_institution: flag, institution: optional, name: text })),
      flags: list(flagOut),
    }),
  },
};

export const listSchema = {
  querystring: {
    type: 'object',
    properties: {
      unit: { type: 'string', format: 'uuid' },
      open: { type: 'boolean' },
      limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
      cursor: { type: 'string' },
    },
  },
  response: { 200: object({ items: list(object(caseItem)), next: optional, count: { type: ['object', 'null'] } }) },
};

const rate = object({ value: optional, numerator: number, denominator: number });

const result = object({
  ...Object.fromEntries(
    [
      'accepted_total', 'carried_over', 'newly_accepted', 'handed_over_net', 'entrusted', 'withdrawn', 'pulled_up',
      'must_enforce', 'with_conditions', 'without_conditions', 'deferred_or_suspended', 'done', 'enforcing',
      'deferred_by_agreement', 'other', 'carried_forward',
    ].map((line) => [line, number]),
  ),
  rate,
  rank: { type: ['integer', 'null'] },
  target: { ...object({ id: text, version: number, rate: text }), nullable: true },
  attainment: optional,
  distance_pp: optional,
  national_difference_pp: optional,
  below_national_average: { type: ['boolean', 'null'] },
  previous_year: object({ rate, delta_pp: optional, delta: number, delta_pct: optional }),
});

const period = object({ fiscal_year: number, months: number, starts_on: text, ends_on: text, regime: text });
const average = object({ rate, ranked: number, comparable: flag });

export const attainmentSchema = {
  querystring: {
    type: 'object',
    properties: {
      of: { const: 'level' },
      level: { const: 'provincial' },
      as_of: { type: 'string', format: 'date' },
      limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    },
    required: ['of', 'level'],
  },
  response: {
    200: object({
      items: list(object({ unit, officer: { type: 'null' }, cases_rate: result, money_rate: result })),
      next: optional,
      period,
      previous_period: period,
      national: object({ cases_rate: average, money_rate: average }),
    }),
  },
};

export const priorityListSchema = {
  querystring: {
    type: 'object',
    properties: { limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 }, cursor: { type: 'string' } },
  },
  response: { 200: object({ items: list(object({ ...caseItem, flags: list(flagOut) })), next: optional }) },
};

const figure = object({ cases: number, amount_vnd: number, outstanding_vnd: number });
const perhaps = { ...figure, nullable: true };
const tally = object({ total: figure, long_running: perhaps, high_value: perhaps, steering_committee: perhaps });

export const summarySchema = {
  response: {
    200: object({
      as_of: text,
      unit,
      group_by: text,
      overall: tally,
      groups: list(object({ unit, officer: { type: 'null' }, level: { type: 'null' }, tally })),
    }),
  },
};
