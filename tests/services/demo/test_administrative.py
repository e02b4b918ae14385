"""Administrative judgments of the demo: everywhere, plausible, and tracked by who serves there."""

from tests.services.demo.conftest import Book


def test_every_province_tracks_some(book: Book) -> None:
    total, provinces, ended, enforced = book.row(
        "SELECT count(*), count(DISTINCT u.province_code), count(ended_on), count(nullif(outcome, 'terminated'))"
        " FROM administrative_judgment j JOIN unit u ON u.id = j.unit_id"
    )
    assert 300 < total < 600
    assert (provinces, total) == (63, book.summary.rows["administrative_judgment"])
    assert 0.3 < enforced / total < 0.8
    assert enforced < ended < total


def test_days_and_officers_are_those_of_the_unit(book: Book) -> None:
    assert book.row("""
        SELECT count(*) FROM administrative_judgment j JOIN unit u ON u.id = j.unit_id
        WHERE NOT u.validity @> j.accepted_on OR u.path <> j.unit_path OR j.ended_on > '2025-09-30'
            OR extract(isodow FROM j.accepted_on) > 5 OR extract(isodow FROM j.ended_on) > 5""") == (0,)
    assert book.row("""
        SELECT count(*) FROM administrative_judgment j WHERE NOT EXISTS (
            SELECT FROM officer_posting p WHERE p.officer_id = j.officer_id AND upper_inf(p.validity)
                AND p.unit_id IN (SELECT j.unit_id UNION
                    SELECT s.successor_id FROM unit_successor s WHERE s.predecessor_id = j.unit_id))""") == (0,)
