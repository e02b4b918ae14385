"""`python -m bench`: what a request costs the service and its peers. See docs/performance.md."""

import signal
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NoReturn

import typer

from app.embedded import EmbeddedError
from app.preflight import ROOT, own_secrets
from bench import operations as ops
from bench import report
from bench.contenders import DRF, FASTIFY, started
from bench.database import Loaded, loaded
from bench.load import Load, Measured, medians, require_wrk
from bench.machine import machine, versions
from bench.operations import Operation, operations
from bench.processes import Failed

FOLDER: Final = ROOT / ".data/bench"
DOCUMENT: Final = ROOT / "docs/performance.md"
LARGER: Final = 10
WARM_UP: Final = 2


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    cases: Annotated[int, typer.Option(min=2_000, help="about how many cases the database holds")] = 200_000,
    seconds: Annotated[int, typer.Option(min=1, help="length of one measurement")] = 8,
    rounds: Annotated[int, typer.Option(min=1, help="measurements of each; the median is shown")] = 3,
    only: Annotated[list[str] | None, typer.Option(help=f"operation, may be repeated: {', '.join(ops.NAMES)}")] = None,
    scaling: Annotated[bool, typer.Option("--scaling", help="the service on this and on a tenfold database")] = False,
    write: Annotated[bool, typer.Option("--write", help="put the result into docs/performance.md")] = False,
) -> None:
    """Runs the service and its peers in turn over the same database and prints what a request costs each of them."""
    require_wrk()
    if unknown := set(only or ()) - set(ops.NAMES):
        raise Failed(f"no such operation: {', '.join(sorted(unknown))}; there are {', '.join(ops.NAMES)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    own_secrets(FOLDER)
    measure = _scaling if scaling else _comparison
    with ExitStack() as stack:
        text, database = measure(stack, cases, seconds, rounds, only)
        described = f"`{_command()}`, {datetime.now(UTC):%Y-%m-%d}. {machine()}. {versions(database)}.\n\n{text}"
    typer.echo(described)
    if write:
        report.write(DOCUMENT, "scaling" if scaling else "comparison", described)


def _comparison(stack: ExitStack, cases: int, seconds: int, rounds: int, only: list[str] | None) -> tuple[str, Loaded]:
    database = stack.enter_context(loaded(FOLDER, cases))
    wanted = _chosen(operations(database), only or ops.NAMES)
    running = stack.enter_context(started(database, FOLDER, (DRF, FASTIFY)))
    for operation in wanted.values():
        ops.compare(operation, running)
    load = Load(database, running.token, seconds, WARM_UP)
    found: dict[str, dict[str, list[Measured]]] = {}
    for number in range(rounds):
        for operation in wanted.values():
            _tell(f"round {number + 1} of {rounds}: {operation.title}")
            for contender in running.contenders:
                measured = load.measure(operation, contender)
                found.setdefault(operation.name, {}).setdefault(contender.name, []).append(measured)
    results = {name: {who: medians(all_) for who, all_ in by.items()} for name, by in found.items()}
    sizes = f"{database.cases:,} cases, {database.open_cases:,} of them open."
    return f"{sizes}\n\n{report.comparison(wanted, results)}\n\n{report.ratios(wanted, results)}", database


def _scaling(stack: ExitStack, cases: int, seconds: int, rounds: int, only: list[str] | None) -> tuple[str, Loaded]:
    sizes = [stack.enter_context(loaded(FOLDER, size)) for size in (cases, cases * LARGER)]
    services = [stack.enter_context(started(database, FOLDER, ())) for database in sizes]
    loads = [Load(d, s.token, seconds, WARM_UP) for d, s in zip(sizes, services, strict=True)]
    wanted = _chosen(ops.scaled(), only or ops.scaled())
    found: list[dict[str, list[Measured]]] = [{}, {}]
    for number in range(rounds):
        for operation in wanted.values():
            _tell(f"round {number + 1} of {rounds}: {operation.title}")
            for load, service, kept in zip(loads, services, found, strict=True):
                kept.setdefault(operation.name, []).append(load.measure(operation, service.service))
    small, large = ({name: medians(all_) for name, all_ in side.items()} for side in found)
    titles = {name: operation.title for name, operation in wanted.items()}
    text = f"{sizes[0].cases:,} and {sizes[1].cases:,} cases.\n\n{report.scaling(titles, small, large)}"
    return text, sizes[1]


def _chosen(all_: dict[str, Operation], names: Iterable[str]) -> dict[str, Operation]:
    return {name: operation for name, operation in all_.items() if name in set(names)}


def _tell(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def _command() -> str:
    return " ".join(["python -m bench", *(word for word in sys.argv[1:] if word != "--write")])


def _terminated(*_: Any) -> NoReturn:
    """Lets SIGTERM unwind, so that nothing is left running."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except (Failed, EmbeddedError) as error:
        sys.exit(f"error: {error}")
