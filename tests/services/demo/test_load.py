"""The loaded book: exact, balanced, the same again, and true to the rules that everyone's cases follow."""

import psycopg
import pytest

from app.models.codes import ACCOUNTS_DONE, ACCOUNTS_IN, ACCOUNTS_STOCK, ACCOUNTS_WITH_CONDITIONS
from app.services.books.queries import verify_statements
from app.services.demo.calibration import FY2024, FY2025, OPENING_STOCK, YEARS, Year, scaled
from app.services.demo.load import NotEmptyError, is_loaded, load
from app.services.demo.units import NEW_MAP
from tests.conftest import new_database
from tests.services.demo.conftest import SCALE, SEED, Book

BIG = ("enforcement_case", "obligation", "party", "entry")
OLD_UNITS = "SELECT id FROM unit WHERE upper(validity) = '2025-07-01'"


def _sum(measure: str, accounts: tuple[str, ...], since: str, until: str) -> str:
    terms = " + ".join(f"{measure}_{account}" for account in accounts)
    return f"coalesce(sum({terms}) FILTER (WHERE month >= '{since}' AND month <= '{until}'), 0)::bigint"


def _figures(book: Book, year: Year, months: int, measure: str) -> tuple[int, int, int]:
    """B, C1 and D1 of the nation."""
    month = (year.fiscal_year - 1) * 12 + 9 + months - 1
    start, until = f"{year.fiscal_year - 1}-10-01", f"{month // 12}-{month % 12 + 1:02}-01"
    done, with_conditions, stock = book.row(
        f"SELECT {_sum(measure, ACCOUNTS_DONE, start, until)},"
        f" {_sum(measure, ACCOUNTS_WITH_CONDITIONS, '2000-01-01', until)},"
        f" {_sum(measure, ACCOUNTS_STOCK, '2000-01-01', until)} FROM rollup_unit_month"
    )
    return done + stock, done + with_conditions, done


@pytest.mark.parametrize("year", YEARS, ids=lambda year: str(year.fiscal_year))
def test_the_nation_reaches_the_published_figures(book: Book, year: Year) -> None:
    for months, must_enforce in year.must_enforce.items():
        expected = (must_enforce, year.with_conditions[months], year.done[months])
        assert _figures(book, year, months, "cases") == tuple(scaled(figure, SCALE) for figure in expected)
    for months, done in year.done_vnd.items():
        assert _figures(book, year, months, "money")[2] == scaled(done, SCALE)
        assert _figures(book, year, months, "cases")[2] == scaled(year.done[months], SCALE)
    money = (year.must_enforce_vnd, year.with_conditions_vnd, year.done_vnd[12])
    assert _figures(book, year, 12, "money") == tuple(scaled(figure, SCALE) for figure in money)


def test_opening_stock_less_moves_to_the_register_is_what_was_carried_over(book: Book) -> None:
    """A1 + A2 − B1 − B2 = B with every term read apart."""
    for year, opening in ((FY2024, OPENING_STOCK), (FY2025, FY2024.must_enforce[12] - FY2024.done[12])):
        start, until = f"{year.fiscal_year - 1}-10-01", f"{year.fiscal_year}-09-01"
        names = ("accepted", "register_back", "register_carried", "register_new", "entrusted", "withdrawn")
        terms = ", ".join(_sum("cases", (name,), start, until) for name in names)
        before = _sum("cases", ACCOUNTS_STOCK, "2000-01-01", f"{year.fiscal_year - 1}-09-01")
        stock, accepted, back, carried, new, entrusted, withdrawn = book.row(
            f"SELECT {before}, {terms} FROM rollup_unit_month"
        )
        if year is FY2024:
            assert stock == scaled(opening, SCALE)
        assert carried == scaled(year.to_register_carried[12], SCALE)
        a1, a2 = stock - carried, accepted + back - new
        assert a1 + a2 - entrusted - withdrawn == scaled(year.must_enforce[12], SCALE)
        assert (entrusted, withdrawn) == (scaled(year.entrusted[12], SCALE), scaled(year.withdrawn[12], SCALE))


@pytest.mark.parametrize("measure", ["cases", "money"])
def test_the_identities_hold_in_every_unit(book: Book, measure: str) -> None:
    came = " + ".join(f"sum({measure}_{account})" for account in ACCOUNTS_IN)
    there = " + ".join(f"sum({measure}_{account})" for account in ACCOUNTS_STOCK)
    done = " + ".join(f"sum({measure}_{account})" for account in ACCOUNTS_DONE)
    out = ("entrusted", "withdrawn", "pulled_up", "register_carried", "register_new", "handed_out")
    gone = " + ".join(f"sum({measure}_{account})" for account in out)
    rows = book.rows(f"SELECT {came}, {there}, {done}, {gone} FROM rollup_unit_month GROUP BY unit_id")
    assert len(rows) > 759
    assert all(row[0] == row[1] + row[2] + row[3] for row in rows)
    assert all(min(row) >= 0 for row in rows)


def test_every_rollup_equals_the_entries(book: Book) -> None:
    for statement in verify_statements():
        assert book.rows(statement) == []


def test_debtors_without_conditions_are_public(book: Book) -> None:
    debtors = """
        SELECT count(*) FROM party p JOIN enforcement_case c ON c.id = p.case_id
        WHERE p.role = 'debtor' AND c.account IN ('no_conditions', 'register')"""
    complete = "address <> '' AND judgment_no <> '' AND court <> '' AND decision_no <> '' AND reason <> ''"
    late = "due_on < published_on OR judgment_date >= decision_date OR decision_date > published_on"
    total = book.row(debtors)[0]
    assert total > 500
    counts = f"count(*), count(*) FILTER (WHERE {complete}), count(*) FILTER (WHERE {late})"
    assert book.row(f"SELECT {counts} FROM public_debtor") == (total, total, 0)


def test_the_handover_leaves_the_nation_unchanged(book: Book) -> None:
    for account in ACCOUNTS_STOCK:
        moved = book.row(
            f"SELECT count(*), sum(CASE WHEN to_account = '{account}' THEN cases ELSE -cases END),"
            f" sum(CASE WHEN to_account = '{account}' THEN amount_vnd ELSE -amount_vnd END)"
            f" FROM entry WHERE event = 'handed_over' AND '{account}' IN (from_account, to_account)"
        )
        assert moved[1:] == (0, 0), account
    days = book.rows("SELECT DISTINCT event FROM entry WHERE booked_on = '2025-07-01'")
    assert days == [("handed_over",)]
    net = "sum(cases_handed_in), sum(cases_handed_out), sum(money_handed_in), sum(money_handed_out)"
    cases_in, cases_out, money_in, money_out = book.row(f"SELECT {net} FROM rollup_unit_month")
    assert (cases_in, money_in) == (cases_out, money_out)
    assert cases_in > 500


def test_old_units_are_empty_after_the_handover(book: Book) -> None:
    assert book.row(f"SELECT count(*) FROM enforcement_case WHERE unit_id IN ({OLD_UNITS})") == (0,)
    late = f"SELECT count(*) FROM entry WHERE unit_id IN ({OLD_UNITS}) AND booked_on > '{NEW_MAP}'"
    assert book.row(late) == (0,)
    early = "SELECT count(*) FROM entry e JOIN unit u ON u.id = e.unit_id WHERE NOT u.validity @> e.booked_on"
    # The first line of a handover leaves the old unit on the very day it ceased to be.
    assert book.row(f"{early} AND NOT (e.event = 'handed_over' AND e.line = 1)") == (0,)
    stock = " + ".join(f"sum(cases_{account})" for account in ACCOUNTS_STOCK)
    register = "sum(cases_register_carried + cases_register_new - cases_register_back + cases_register_moved)"
    left = f"SELECT count(*) FROM rollup_unit_month WHERE unit_id IN ({OLD_UNITS}) GROUP BY unit_id"
    assert book.rows(f"{left} HAVING {stock} <> 0 OR {register} <> 0") == []


def test_cases_are_where_their_officers_serve(book: Book) -> None:
    nowhere = """
        SELECT count(*) FROM entry e WHERE NOT EXISTS (
            SELECT FROM officer_posting p WHERE p.officer_id = e.officer_id AND p.unit_id = e.unit_id
            AND (p.validity @> e.booked_on OR e.event = 'handed_over' AND upper(p.validity) = e.booked_on))"""
    assert book.row(nowhere) == (0,)
    row = """
        SELECT count(*), count(*) FILTER (WHERE u.path = c.unit_path AND p.rank NOT IN ('verifier', 'clerk'))
        FROM enforcement_case c JOIN unit u ON u.id = c.unit_id
        JOIN officer_posting p ON p.officer_id = c.officer_id AND p.unit_id = c.unit_id AND upper_inf(p.validity)"""
    total = book.summary.rows["enforcement_case"]
    assert book.row(row) == (total, total)


def test_the_book_ends_with_the_fiscal_year(book: Book) -> None:
    first, last = book.row("SELECT min(decision_date)::text, max(last_effective_on)::text FROM enforcement_case")
    assert first >= "2009-10-01"
    assert "2025-09-20" < last <= "2025-09-30"
    assert book.row("SELECT count(*) FROM entry WHERE booked_on > '2025-09-30' OR booked_on <> effective_on") == (0,)


def test_the_same_seed_gives_the_same_book(book: Book, cluster: str) -> None:
    digests = [
        "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT * FROM enforcement_case) t",
        "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT * FROM entry) t",
        "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT * FROM party) t",
        "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (SELECT * FROM obligation) t",
        "SELECT md5(string_agg(id || code || path || validity::text, '|' ORDER BY path)) FROM unit",
        "SELECT md5(string_agg(id || code || name, '|' ORDER BY code)) FROM officer",
        "SELECT md5(string_agg(id || code || name, '|' ORDER BY code)) FROM matter",
        "SELECT md5(string_agg(id || rate_bp::text, '|' ORDER BY id)) FROM target WHERE decision_date > '2024-10-01'",
        "SELECT md5(string_agg(concat(id, officer_id, ended_on), '|' ORDER BY id)) FROM administrative_judgment",
    ]
    with new_database(cluster) as url:
        again = load(url, scale=SCALE, seed=SEED, progress=lambda *_: None)
        other = Book(url, again, [])
        assert [book.row(digest) for digest in digests] == [other.row(digest) for digest in digests]
        assert again.rows == book.summary.rows


def test_the_schema_is_the_same_after_the_load(book: Book, cluster: str) -> None:
    with new_database(cluster) as url:
        assert _schema(url) == _schema(book.url)


def _schema(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            """
            SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated::text FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger
            WHERE NOT tgisinternal ORDER BY 1, 2, 3"""
        ).fetchall()


def test_an_interrupted_load_leaves_nothing_and_can_be_done_again(cluster: str) -> None:
    class Interrupted(Exception):
        pass

    def stop(step: str, done: int, _: int) -> None:
        if step == "rollups" and done == 3:
            raise Interrupted

    with new_database(cluster) as url:
        schema = _schema(url)
        with pytest.raises(Interrupted):
            load(url, scale=0.001, seed=1, progress=stop)
        assert not is_loaded(url)
        assert _schema(url) == schema
        load(url, scale=0.001, seed=1, progress=lambda *_: None)
        assert is_loaded(url)
        with pytest.raises(NotEmptyError):
            load(url, scale=0.001, seed=1, progress=lambda *_: None)


def test_progress_and_summary_tell_what_happened(book: Book) -> None:
    assert is_loaded(book.url)
    assert book.steps[0] == ("plan", 0, 1)
    ends = {step: (done, total) for step, done, total in book.steps}
    assert set(ends) == {"plan", "organisation", "cases", "indexes", "rollups", "vacuum"}
    assert all(done == total > 0 for done, total in ends.values())
    for table in BIG:
        assert book.row(f"SELECT count(*) FROM {table}") == (book.summary.rows[table],)
    assert set(book.summary.seconds) == set(ends)
