"""Verifying the trail and keeping its heads, as an operator does it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from app.preflight import Refused
from tests.services.audit.book import UNIT, audit_id, make_book, superuser


def _run(*command: str) -> Result:
    """A command inside this process."""
    result = CliRunner().invoke(app, ["audit", *command])
    if isinstance(result.exception, Refused):
        raise result.exception
    return result


@pytest.fixture
def book(fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> str:
    url = fresh_database()
    make_book(url)
    monkeypatch.setenv("THADS_DATABASE_URL", url)
    return url


def test_the_first_broken_record_is_named(book: str) -> None:
    whole = _run("verify")
    assert (whole.stdout, whole.exit_code) == ("16 records in 3 chains; 0 not linked yet\n", 0)
    broken = audit_id(book, UNIT, 3)
    with superuser(book) as connection:
        connection.execute("UPDATE audit_record SET reason = 'x' WHERE id >= %s AND unit_id = %s", [broken, UNIT])
        connection.execute("UPDATE audit_record SET unit_path = 'vn.' WHERE unit_id IS NULL")
    found = _run("verify")
    assert found.exit_code == 1
    nation, unit, summary = found.stdout.splitlines()
    assert nation.startswith("broken: nation, number 1, audit id ")
    changed = "the record, its link or its place in the chain was changed"
    assert unit == f"broken: unit {UNIT}, number 3, audit id {broken}: {changed}"
    assert summary == "16 records in 3 chains; 0 not linked yet"


def test_heads_kept_elsewhere_show_what_was_cut_off(book: str, tmp_path: Path) -> None:
    kept = tmp_path / "heads"
    with superuser(book) as connection:  # a record that waits is linked before heads are printed
        connection.execute(
            "INSERT INTO audit_record (subject, subject_id, action, client_id) VALUES ('a', 'b', 'c', 'd')"
        )
    kept.write_text(_run("heads").stdout)
    assert len(kept.read_text().splitlines()) == 3
    good = _run("verify", "--heads", str(kept))
    assert (good.stdout, good.exit_code) == ("17 records in 3 chains; 0 not linked yet\n", 0)
    with superuser(book) as connection:
        connection.execute("TRUNCATE audit_record, audit_link, audit_head")
    assert _run("verify").exit_code == 0
    found = _run("verify", "--heads", str(kept))
    assert found.exit_code == 1
    assert len(found.stdout.splitlines()) == 4
    assert f"broken: unit {UNIT}, number 1: missing, with all up to number 8 that a signed head names" in found.stdout


def test_only_heads_this_service_signed_are_believed(book: str, tmp_path: Path) -> None:
    kept = tmp_path / "heads"
    lines = _run("heads").stdout.splitlines()
    header, claims, signature = lines[1].split(".")
    other = lines[0].split(".")[1]
    for forged in (f"{header}.{other}.{signature}", f"{header}.{claims}.", "x", claims):
        kept.write_text("\n".join([lines[0], forged]))
        with pytest.raises(Refused, match="line 2 was not signed"):
            _run("verify", "--heads", str(kept))
    with pytest.raises(Refused, match="cannot read"):
        _run("verify", "--heads", str(tmp_path / "nowhere"))
