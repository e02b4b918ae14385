"""The guides say what is there; that their outputs are real is the work of `scripts/tour.py`."""

import re
import runpy
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest
import typer.main

from app import cli
from app.main import create_app
from app.settings import Settings

ROOT: Final = Path(__file__).parent.parent
TOUR: Final = runpy.run_path(str(ROOT / "scripts/tour.py"))
GUIDES: Final = TOUR["GUIDES"]
PAGES: Final = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
# "/v1/cases/$CASE/events" names the operation "/v1/cases/{…}/events"; a "…" or a bare "/v1" names none
_ADDRESS: Final = re.compile(r"/v1/[a-z][A-Za-z0-9/$_{}=&?,.:%+-]*")
_COMMAND: Final = re.compile(r"app\.cli ([a-z][a-z-]*)(?: ([a-z]+))?")
_LINK: Final = re.compile(r"\]\((?!https?:)([^)\s]*)\)")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}|\$[A-Z]+", "{}", path)


@pytest.fixture(scope="module")
def operations() -> dict[str, dict[str, Any]]:
    """The operations of the contract by method, by path with `{}` for its parameters."""
    paths: dict[str, dict[str, Any]] = create_app(Settings()).openapi()["paths"]
    return {_shape(path): methods for path, methods in paths.items()}


@pytest.mark.parametrize("name", GUIDES)
def test_every_step_of_the_tour_shows_its_output(name: str) -> None:
    text = _text(ROOT / name)
    found = TOUR["steps"](text)
    assert found
    for step in found:
        if not step.quiet:
            assert step.output is not None, step.command
            assert text[slice(*step.output)].strip(), step.command
    assert text.count("```sh tour") == len(found)


def test_outputs_are_replaced_in_their_places() -> None:
    guide = "a\n```sh tour quiet\nX=1\n```\n```sh tour\nb\n```\n\n```json\nold\n```\nc\n"
    assert TOUR["rewritten"](guide, ["", "new\n"]) == guide.replace("old", "new")


def test_commands_share_one_shell_and_talk_to_the_address_asked_for() -> None:
    printed = TOUR["run"](
        ["A=http://127.0.0.1:8000\n", "echo $A\n", "test $A = http://here && echo yes\n"], "http://here"
    )
    assert printed == ["", "http://127.0.0.1:8000\n", "yes\n"]


def test_a_failing_step_ends_the_tour() -> None:
    with pytest.raises(SystemExit, match="echo 2 && false"):
        TOUR["run"](["echo 1\n", "echo 2 && false\n", "echo 3\n"], TOUR["ADDRESS"])


@pytest.mark.parametrize("name", GUIDES)
def test_addresses_exist_in_the_contract(name: str, operations: dict[str, dict[str, Any]]) -> None:
    outputs = [slice(*step.output) for step in TOUR["steps"](_text(ROOT / name)) if step.output]
    text = _text(ROOT / name)
    for output in reversed(outputs):
        text = text[: output.start] + text[output.stop :]
    addresses = _ADDRESS.findall(text)
    assert addresses or name == "docs/operations.md"
    for address in addresses:
        parts = urlsplit(address)
        methods = operations.get(_shape(parts.path.rstrip("/.:")))
        assert methods is not None, address
        asking = (parameter for method in methods.values() for parameter in method.get("parameters", ()))
        known = {parameter["name"] for parameter in asking if "name" in parameter}
        asked = {key for key, _ in parse_qsl(parts.query.rstrip(".,"), keep_blank_values=True)}
        assert asked <= known, address


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_text(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _text(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_for_operators_exist(page: Path) -> None:
    known = typer.main.get_command(cli.app)
    for name, sub in _COMMAND.findall(_text(page)):
        command = known.commands.get(name)  # type: ignore[attr-defined]  # a group has commands
        assert command is not None, name
        if name == "clients":
            assert sub in command.commands, sub


def test_every_setting_is_explained() -> None:
    explained = set(
        re.findall(r"^\| `(THADS_[A-Z_]+|FORWARDED_ALLOW_IPS)` \|", _text(ROOT / "docs/operations.md"), re.MULTILINE)
    )
    fields = Settings.model_fields.items()
    assert explained == {field.validation_alias or f"THADS_{name.upper()}" for name, field in fields}
