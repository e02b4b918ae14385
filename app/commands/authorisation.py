"""`app.cli authorisation`: writes the tables of docs/authorisation.md from what the service itself goes by."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.commands.base import DIFFERENT
from app.main import create_app
from app.preflight import ROOT
from app.services.access import CLASSES
from app.services.clients.rules import ROLES, SCOPES
from app.settings import Settings

PAGE: Final = ROOT / "docs/authorisation.md"
_PART: Final = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def authorisation(
    output: Annotated[Path, typer.Option(help="page to write")] = PAGE,
    check: Annotated[bool, typer.Option("--check", help="compare with the page, write nothing")] = False,
) -> None:
    """Writes the tables of docs/authorisation.md, or compares them with the page."""
    page = output.read_text(encoding="utf-8")
    current = rewritten(page)
    if not check:
        output.write_text(current, encoding="utf-8")
    elif page != current:
        typer.echo(
            f"{output} is not what the service does: run app.cli authorisation and read the difference", err=True
        )
        raise typer.Exit(DIFFERENT)


def rewritten(page: str) -> str:
    """The page with its tables as they must be; every table there is must have its place."""
    document = create_app(Settings()).openapi()
    tables = {"operations": operations(document), "scopes": scopes(document), "roles": roles()}
    if sorted(tables) != sorted(name for _, name, _ in _PART.findall(page)):
        raise ValueError("the page must have one place for each table: " + ", ".join(sorted(tables)))
    return _PART.sub(lambda part: f"{part[1]}\n{tables[part[2]]}\n{part[3]}", page)


def operations(document: dict[str, Any]) -> str:
    """Operation → scope."""
    rows = sorted(_operations(document))
    cells = ((f"`{scope}`", f"`{method.upper()} {path}`", text) for scope, path, method, text in rows)
    return _table(("Scope", "Operation", "What it does"), cells)


def scopes(document: dict[str, Any]) -> str:
    """Scope → meaning, number of operations that require it, roles that have it."""
    required = [scope for scope, *_ in _operations(document)]
    rows = (
        (f"`{scope}`", text, str(required.count(scope) or "–"), ", ".join(_roles_with(scope)) or "–")
        for scope, text in SCOPES.items()
    )
    return _table(("Scope", "Lets a client", "Operations", "Roles"), rows)


def roles() -> str:
    """Role → clearance and scopes."""
    rows = (
        (f"`{name}`", role.meaning, CLASSES[role.clearance], " ".join(f"`{scope}`" for scope in sorted(role.scopes)))
        for name, role in ROLES.items()
    )
    return _table(("Role", "Who", "Highest class", "Scopes at most"), rows)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for requirement in operation["security"]:
                yield requirement["oauth2"][0], path, method, operation["summary"]


def _roles_with(scope: str) -> list[str]:
    return [name for name, role in ROLES.items() if scope in role.scopes]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
