"""Clients with keys instead of secrets, and the page that says who may do what."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, OKPKey
from typer.testing import CliRunner

from app.cli import app
from app.preflight import ROOT, Refused


def _invoke(*command: str) -> str:
    """Runs a command inside this process; what it prints."""
    result = CliRunner().invoke(app, command, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_clients_may_have_keys_instead_of_secrets(
    fresh_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("THADS_DATABASE_URL", fresh_database())
    pem, jwks = tmp_path / "key.pem", tmp_path / "keys.json"
    private, other = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256", auto_kid=True)
    jwks.write_text(json.dumps({"keys": [other.as_dict(private=False)]}))
    register = ["clients", "register", "signer", "--name", "x", "--scope", "cases:read", "--unit", "G15", "--key"]
    for content, why in (
        (private.as_pem(private=True), "private key"),
        (b"{", "neither PEM nor JSON"),
        (b"[]", "keys"),
    ):
        pem.write_bytes(content)
        with pytest.raises(Refused, match=why):
            _invoke(*register, str(pem))
    with pytest.raises(Refused, match="cannot read"):
        _invoke(*register, str(tmp_path / "nowhere"))
    pem.write_bytes(private.as_pem(private=False))
    assert _invoke(*register, str(pem), "--clearance", "secret") == ""
    assert _invoke("clients", "list").endswith("\tsecret\t-\t-\tsecrets=0\tkeys=1\n")
    assert _invoke("clients", "keys", "signer", "--key", str(pem), "--key", str(jwks)) == ""
    assert _invoke("clients", "list").endswith("\tsecrets=0\tkeys=2\n")
    assert _invoke("clients", "secret", "signer").strip() != ""
    assert _invoke("clients", "list").endswith("\tsecrets=1\tkeys=2\n")


def test_the_tables_of_the_authorisation_page_are_written_and_compared(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    shutil.copy(ROOT / "docs/authorisation.md", page)
    compare = ["authorisation", "--check", "--output", str(page)]
    assert _invoke(*compare) == ""
    page.write_text(page.read_text().replace("| `cases:read` |", "| `cases:all` |", 1))
    assert CliRunner().invoke(app, compare).exit_code == 1
    assert _invoke("authorisation", "--output", str(page)) == ""
    assert page.read_text() == (ROOT / "docs/authorisation.md").read_text()
