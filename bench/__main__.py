"""`python -m bench`: what a request costs the service and its peers. See docs/performance.md."""

import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NoReturn

import typer

from app.embedded import EmbeddedError
from app.preflight import ROOT, own_secrets
from bench import report
from bench.contenders import DRF, FASTIFY, REMEMBERING, USUAL, Contender, started, token_of
from bench.database import Loaded, client_secret, loaded
from bench.load import Load, Measured, require_wrk
from bench.machine import machine, versions
from bench.operations import NAMES, Operation, compare, of_a_province, operations, scaled
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
    only: Annotated[list[str] | None, typer.Option(help=f"operation, may be repeated: {', '.join(NAMES)}")] = None,
    scaling: Annotated[bool, typer.Option("--scaling", help="the service on this and on a tenfold database")] = False,
    callers: Annotated[bool, typer.Option("--callers", help="a client of the nation and one of a province")] = False,
    write: Annotated[bool, typer.Option("--write", help="put the result into docs/performance.md")] = False,
) -> None:
    """Runs the service and its peers in turn over the same database and prints what a request costs each of them."""
    require_wrk()
    FOLDER.mkdir(parents=True, exist_ok=True)
    own_secrets(FOLDER)
    section, measure = "comparison", _comparison
    if scaling or callers:
        section, measure = ("scaling", _scaling) if scaling else ("callers", _callers)
    with ExitStack() as stack:
        text, database = measure(stack, cases, seconds, rounds, only)
        described = f"`{_command()}`, {datetime.now(UTC):%Y-%m-%d}. {machine()}. {versions(database)}.\n\n{text}"
    typer.echo(described)
    if write:
        report.write(DOCUMENT, section, described)


def _comparison(stack: ExitStack, cases: int, seconds: int, rounds: int, only: list[str] | None) -> tuple[str, Loaded]:
    database = stack.enter_context(loaded(FOLDER, cases))
    wanted = _chosen(operations(database), only)
    running = stack.enter_context(started(database, FOLDER, (DRF, FASTIFY, REMEMBERING, USUAL)))
    for operation in wanted.values():
        compare(operation, running)
    load = Load(database, running.token, seconds, WARM_UP)
    sides = [(contender.name, load, contender) for contender in running.contenders]
    results = _measured([(operation, sides) for operation in wanted.values()], rounds)
    sizes = f"{database.cases:,} cases, {database.open_cases:,} of them open."
    return f"{sizes}\n\n{report.comparison(wanted, results)}\n\n{report.ratios(wanted, results)}", database


def _scaling(stack: ExitStack, cases: int, seconds: int, rounds: int, only: list[str] | None) -> tuple[str, Loaded]:
    sizes = [stack.enter_context(loaded(FOLDER, size)) for size in (cases, cases * LARGER)]
    services = [stack.enter_context(started(database, FOLDER, ())) for database in sizes]
    loads = [Load(d, s.token, seconds, WARM_UP) for d, s in zip(sizes, services, strict=True)]
    sides = [(name, load, service.service) for name, load, service in zip(report.SIZES, loads, services, strict=True)]
    wanted = [_chosen(scaled(size), only) for size in sizes]  # each with cases and officers of its own
    plan = [(each[name], [side]) for name in wanted[0] for each, side in zip(wanted, sides, strict=True)]
    results = _measured(plan, rounds)
    return f"{sizes[0].cases:,} and {sizes[1].cases:,} cases.\n\n{report.scaling(wanted[0], results)}", sizes[1]


def _callers(stack: ExitStack, cases: int, seconds: int, rounds: int, only: list[str] | None) -> tuple[str, Loaded]:
    database = stack.enter_context(loaded(FOLDER, cases))
    service = stack.enter_context(started(database, FOLDER, ()))
    secret = client_secret(database, "bench-province", "G15.25")
    tokens = (service.token, token_of(service.service, "bench-province", secret))
    loads = [Load(database, token, seconds, WARM_UP) for token in tokens]
    sides = [(name, load, service.service) for name, load in zip(report.CALLERS, loads, strict=True)]
    wanted = _chosen(of_a_province(database), only)
    results = _measured([(operation, sides) for operation in wanted.values()], rounds)
    return f"{database.cases:,} cases.\n\n{report.callers(wanted, results)}", database


Side = tuple[str, Load, Contender]


def _measured(plan: list[tuple[Operation, list[Side]]], rounds: int) -> report.Results:
    """The rounds, by operation and side; in each every side takes its turn at every operation."""
    found: dict[str, dict[str, list[Measured]]] = {}
    for number in range(rounds):
        for operation, sides in plan:
            sys.stderr.write(f"round {number + 1} of {rounds}: {operation.title}\n")
            for name, load, contender in sides:
                measured = load.measure(operation, contender)
                found.setdefault(operation.name, {}).setdefault(name, []).append(measured)
    return found


def _chosen(offered: dict[str, Operation], names: list[str] | None) -> dict[str, Operation]:
    if unknown := set(names or ()) - offered.keys():
        raise Failed(f"no such operation: {', '.join(sorted(unknown))}; there are {', '.join(offered)}")
    return {name: operation for name, operation in offered.items() if name in (names or offered)}


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
