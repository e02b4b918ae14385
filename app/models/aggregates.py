"""SQL expressions that turn entry lines into rollup columns; posting, rebuilding and verifying share them."""

from typing import Final

from app.models.codes import ACCOUNTS, ACCOUNTS_IN, ACCOUNTS_STOCK

OPENING_ACCOUNTS: Final = (
    *ACCOUNTS_STOCK,
    "register_carried",
    "register_new",
    "register_back",
    "register_moved",
)


def balance_columns(accounts: tuple[str, ...] = ACCOUNTS) -> list[str]:
    """`cases_<account>`… then `money_<account>`…, the columns of a rollup."""
    return [f"{measure}_{account}" for measure in ("cases", "money") for account in accounts]


def _net(measure: str, account: str) -> str:
    gain, loss = ("from_account", "to_account") if account in ACCOUNTS_IN else ("to_account", "from_account")
    return (
        f"(sum(CASE WHEN l.{gain} = '{account}' THEN l.{measure} WHEN l.{loss} = '{account}' "
        f"THEN -l.{measure} ELSE 0 END))::bigint"
    )


def net_movements(accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """Net movement of every account over the lines `l`: what went in less what went out, `in` accounts mirrored."""
    nets = [_net(measure, account) for measure in ("cases", "amount_vnd") for account in accounts]
    return ", ".join(nets)


def added(table: str, accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """The SET list that adds a rollup row to the one already there."""
    return ", ".join(f"{c} = {table}.{c} + EXCLUDED.{c}" for c in balance_columns(accounts))


def summed(alias: str, accounts: tuple[str, ...] = ACCOUNTS) -> str:
    """Sums of rollup columns over rows of a finer rollup."""
    return ", ".join(f"(sum({alias}.{c}))::bigint AS {c}" for c in balance_columns(accounts))


def fiscal_year_of(day: str) -> str:
    """The fiscal year of a date expression: year N runs from 1 October N−1."""
    return f"(extract(year FROM {day} + interval '3 months'))::smallint"


# The high-value threshold the open-stock rollup is kept by: that of the newest rule version, which re-sorts the rollup
# when it is recorded. (A version chosen by the day would change the key of every row at midnight.)
THRESHOLD: Final = "(SELECT min_amount_vnd FROM priority_rule WHERE flag = 'high_value' ORDER BY version DESC LIMIT 1)"


def stock_key(row: str) -> str:
    """The open-stock key of a case row: unit, decision month, conditions, value class, tracked matter."""
    return (
        f"{row}.unit_id, date_trunc('month', {row}.decision_date)::date AS decision_month, {row}.with_conditions, "
        f"coalesce({row}.amount_vnd >= {THRESHOLD}, false) AS high_value, "
        f"CASE WHEN {row}.steering_matter THEN {row}.matter_id END AS matter_id"
    )


STOCK_KEY: Final = "unit_id, decision_month, with_conditions, high_value, matter_id"

# What `RETURNING` of an update of cases `c` must be for MOVE_OPEN_STOCK to follow it.
CASES_BEFORE_AND_AFTER: Final = "RETURNING WITH (OLD AS before, NEW AS after) before AS was, after AS now"

# Follows the cases updated in the CTE `changed`; keys in order, so that writers never wait in a circle.
MOVE_OPEN_STOCK: Final = f"""
    INSERT INTO open_stock AS s ({STOCK_KEY}, cases, amount_vnd, outstanding_vnd)
    SELECT {STOCK_KEY}, sum(sign), (sum(sign * amount_vnd))::bigint, (sum(sign * outstanding_vnd))::bigint
    FROM (
        SELECT {stock_key("c")}, -1 AS sign, c.amount_vnd, c.outstanding_vnd
        FROM (SELECT (was).* FROM changed) c WHERE c.is_open
        UNION ALL
        SELECT {stock_key("c")}, 1, c.amount_vnd, c.outstanding_vnd
        FROM (SELECT (now).* FROM changed) c WHERE c.is_open
    ) moves
    GROUP BY {STOCK_KEY}
    HAVING sum(sign) <> 0 OR sum(sign * amount_vnd) <> 0 OR sum(sign * outstanding_vnd) <> 0
    ORDER BY {STOCK_KEY}
    ON CONFLICT ({STOCK_KEY}) DO UPDATE SET cases = s.cases + EXCLUDED.cases,
        amount_vnd = s.amount_vnd + EXCLUDED.amount_vnd,
        outstanding_vnd = s.outstanding_vnd + EXCLUDED.outstanding_vnd"""

OPEN_STOCK: Final = f"""
    SELECT {STOCK_KEY}, count(*) AS cases, (sum(amount_vnd))::bigint AS amount_vnd,
        (sum(outstanding_vnd))::bigint AS outstanding_vnd
    FROM (SELECT {stock_key("c")}, c.amount_vnd, c.outstanding_vnd FROM enforcement_case c WHERE c.is_open) k
    GROUP BY {STOCK_KEY}"""
