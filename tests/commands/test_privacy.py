"""Taking personal data away as an operator does it."""

from collections.abc import Callable, Iterator
from datetime import date

import psycopg
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.preflight import Refused
from app.services.privacy.commands import place_hold
from app.services.privacy.rules import NewHold
from tests.builders import Service
from tests.services.privacy.test_anonymise import Archive, ended


@pytest.fixture
def archive(fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    url = fresh_database()
    monkeypatch.setenv("THADS_DATABASE_URL", url)
    service = Service.over(url)
    yield Archive(service, url)
    service.close()


def _run(*options: str) -> list[str]:
    """What the command prints."""
    result = CliRunner().invoke(app, ["privacy", "anonymise", *options])
    if result.exception is not None:
        raise result.exception
    return result.stdout.splitlines()


def _classes(archive: Archive, sql: str) -> None:
    with psycopg.connect(archive.url, autocommit=True) as owner:
        owner.execute(sql.encode())


def test_what_is_due_is_said_and_done_and_then_there_is_nothing(archive: Archive) -> None:
    _classes(archive, "UPDATE retention_class SET years = 10, provisional = code <> 'case_ended'")
    made = [archive.case(ended(date(2012, 1, 1))) for _ in range(4)]
    archive.case(ended(date(2012, 1, 1), "entrusted"))
    archive.run(place_hold, made[0], NewHold("Yêu cầu số 45/YC-VKS", date(2026, 1, 1)))
    due = _run("--dry-run")
    assert [line.split(", ended by ")[0] for line in due] == [
        "case_ended: 10 years",
        "case_moved: 10 years, provisional",
        "relation_ended: 10 years, provisional",
    ]
    assert [line.split(": ")[-1] for line in due] == [
        "4 cases due, 1 of them held",
        "1 cases due, 0 of them held",
        "0 relatives due",
    ]
    assert _run("--batch", "2") == [*due, "Anonymised 4 cases with 8 people; removed 0 relatives."]
    assert _run()[-1] == "Anonymised 0 cases with 0 people; removed 0 relatives."
    reasons = archive.rows("SELECT DISTINCT client_id, reason FROM audit_record WHERE action = 'anonymised'")
    assert [(client, reason.split(",")[0]) for client, reason in reasons] == [("operator", "privacy anonymise")]


def test_nothing_is_taken_while_no_class_is_in_force(archive: Archive) -> None:
    archive.case(ended(date(2012, 1, 1)))
    _classes(archive, "UPDATE retention_class SET validity = '[2026-01-01,2026-01-02)'")
    with pytest.raises(Refused, match="no retention class is in force"):
        _run()
