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
    """The same answers from two sizes of database."""
    rows = []
    for name, operation in operations.items():
        small, large = (medians(results[name][size]) for size in SIZES)
        pairs = zip(*(results[name][size] for size in SIZES), strict=True)
        times = _times([(b.cpu, a.cpu) for a, b in pairs])
        figures = (f"{small.p50:.1f}", f"{large.p50:.1f}", f"{small.cpu:,.0f}", f"{large.cpu:,.0f}", f"{times:.2f}")
        rows.append((operation.title, *figures, f"at most {SCALING_GOAL}: {_verdict(times <= SCALING_GOAL)}"))
    head = ("Operation", "p50 ms, small", "p50 ms, large", "CPU µs, small", "CPU µs, large", "Large ÷ small", "Goal")
    return _table(head, rows, left=1)


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
