"""The tables: what a run found, and how far apart the contenders are."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench.contenders import DRF, FASTIFY, LABELS, SERVICE, USUAL
from bench.load import Measured, medians
from bench.operations import ATTAINMENT, LIST, READ, Operation
from bench.processes import Failed

Results = Mapping[str, Mapping[str, Sequence[Measured]]]
"""The rounds, by operation, then by contender (the service first) or size."""

# by operation and peer: CPU per request of the peer, at least so many times that of the service
GOALS: Final = {
    (READ, DRF): 6,
    (LIST, DRF): 6,
    # both flavours are held against what the goals say of Fastify
    **{(READ, peer): 1 / 1.5 for peer in (FASTIFY, USUAL)},
    **{(LIST, peer): 1 for peer in (FASTIFY, USUAL)},
    **{(ATTAINMENT, peer): 1 for peer in (FASTIFY, USUAL)},
}
SCALING_GOAL: Final = 1.3
SIZES: Final = ("small", "large")
CALLERS_GOAL: Final = 1.2  # no slower: gaps below a fifth mean nothing on a noisy machine
CALLERS: Final = ("nation", "province")


def comparison(operations: Mapping[str, Operation], results: Results) -> str:
    """Every figure of every contender."""
    rows = [
        (
            operations[name].title if number == 0 else "",
            LABELS[contender],
            f"{one.rate:,.0f}",
            f"{one.p50:.1f}",
            f"{one.p99:.1f}",
            f"{one.application:,.0f}",
            f"{one.database:,.0f}",
            f"{one.cpu:,.0f}",
        )
        for name, by_contender in results.items()
        for number, (contender, rounds) in enumerate(by_contender.items())
        for one in (medians(rounds),)
    ]
    head = ("Operation", "Server", "Requests/s", "p50 ms", "p99 ms", "Application CPU µs", "Database CPU µs", "CPU µs")
    return _table(head, rows, left=2)


def ratios(operations: Mapping[str, Operation], results: Results) -> str:
    """How many times the service's CPU a request costs each peer, beside the goal; and the same of throughput."""
    rows = []
    for name, by_contender in results.items():
        service = by_contender[SERVICE]
        for peer, rounds in list(by_contender.items())[1:]:
            pairs = list(zip(rounds, service, strict=True))
            times = _times([(theirs.cpu, ours.cpu) for theirs, ours in pairs])
            rate = _times([(ours.rate, theirs.rate) for theirs, ours in pairs])
            goal = GOALS.get((name, peer))
            wanted = "" if goal is None else f"at least {goal:.2f}: {_verdict(times >= goal)}"
            rows.append((operations[name].title, LABELS[peer], f"{times:.2f}", wanted, f"{rate:.2f}"))
    head = ("Operation", "Peer", "CPU of the peer ÷ ours", "Goal", "Our requests/s ÷ the peer's")
    return _table(head, rows, left=2)


def scaling(operations: Mapping[str, Operation], results: Results) -> str:
    """The same answers from two sizes of database; and what they cost in the large one beside other things."""
    return _two(operations, results, SIZES, SCALING_GOAL) + "\n\n" + _beside(operations, results)


def _beside(operations: Mapping[str, Operation], results: Results) -> str:
    large = {name: medians(results[name][SIZES[1]]) for name in operations}
    read = large.get(READ)
    rows = [
        (
            operations[name].title,
            f"{one.application:,.0f}",
            f"{one.database:,.0f}",
            f"{one.cpu / one.database:.2f}",
            f"{one.cpu / read.cpu:.2f}" if read else "",
        )
        for name, one in large.items()
    ]
    head = ("Operation", "Application CPU µs", "Database CPU µs", "Both ÷ database", "÷ reading one case")
    return _table(head, rows, left=1)


def callers(operations: Mapping[str, Operation], results: Results) -> str:
    """The same questions by a client of the nation and by one of the province they are about."""
    return _two(operations, results, CALLERS, CALLERS_GOAL)


def _two(operations: Mapping[str, Operation], results: Results, sides: tuple[str, str], goal: float) -> str:
    one, other = sides
    rows = []
    for name, operation in operations.items():
        first, second = (medians(results[name][side]) for side in sides)
        pairs = zip(*(results[name][side] for side in sides), strict=True)
        times = _times([(b.cpu, a.cpu) for a, b in pairs])
        figures = (f"{first.p50:.1f}", f"{second.p50:.1f}", f"{first.cpu:,.0f}", f"{second.cpu:,.0f}", f"{times:.2f}")
        rows.append((operation.title, *figures, f"at most {goal}: {_verdict(times <= goal)}"))
    named = (f"p50 ms, {one}", f"p50 ms, {other}", f"CPU µs, {one}", f"CPU µs, {other}")
    return _table(("Operation", *named, f"{other.capitalize()} ÷ {one}", "Goal"), rows, left=1)


def _times(pairs: Sequence[tuple[float, float]]) -> float:
    """How many times the second the first is: the median of the rounds, since only neighbours in time compare."""
    return median(first / second for first, second in pairs)


def _verdict(kept: bool) -> str:
    return "kept" if kept else "**missed**"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    line = ["---" if number < left else "---:" for number in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, line, *rows))


def write(document: Path, name: str, text: str) -> None:
    """Replaces what stands between the markers of a section."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = document.read_text()
    new, found = re.subn(f"{begin}.*?{end}", lambda _: f"{begin}\n{text}\n{end}", old, flags=re.DOTALL)
    if not found:
        raise Failed(f"{document} has no section between {begin} and {end}")
    document.write_text(new)
