"""The tables: what a run found, and how far apart the contenders are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.contenders import DRF, FASTIFY, LABELS, SERVICE
from bench.load import Measured
from bench.operations import ATTAINMENT, LIST, READ, Operation
from bench.processes import Failed

Results = Mapping[str, Mapping[str, Measured]]
"""By operation, then by contender."""


@dataclass(frozen=True, slots=True)
class Goal:
    """CPU per request of the service: at most `share` of a peer's."""

    operation: str
    peer: str
    share: float


GOALS: Final = (
    Goal(READ, DRF, 1 / 6),
    Goal(LIST, DRF, 1 / 6),
    Goal(READ, FASTIFY, 1.5),
    Goal(LIST, FASTIFY, 1.0),
    Goal(ATTAINMENT, FASTIFY, 1.0),
)
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
        for number, (contender, one) in enumerate(by_contender.items())
    ]
    head = ("Operation", "Server", "Requests/s", "p50 ms", "p99 ms", "Application CPU µs", "Database CPU µs", "CPU µs")
    return _table(head, rows, left=2)


def ratios(operations: Mapping[str, Operation], results: Results) -> str:
    """CPU per request of each peer as a multiple of the service's, beside the goal."""
    rows = []
    for name, by_contender in results.items():
        service = by_contender[SERVICE]
        for peer, one in by_contender.items():
            if peer == SERVICE:
                continue
            wanted = next((g.share for g in GOALS if (g.operation, g.peer) == (name, peer)), None)
            goal = "" if wanted is None else f"at most {wanted:.2f}: {_verdict(service.cpu / one.cpu <= wanted)}"
            times = (f"{one.cpu / service.cpu:.1f}", f"{service.rate / one.rate:.1f}", f"{service.cpu / one.cpu:.2f}")
            rows.append((operations[name].title, LABELS[peer], *times, goal))
    head = (
        "Operation",
        "Peer",
        "CPU of the peer ÷ ours",
        "Our requests/s ÷ the peer's",
        "Our CPU ÷ the peer's",
        "Goal",
    )
    return _table(head, rows, left=2)


def scaling(operations: Mapping[str, Operation], results: Results) -> str:
    """The same answers from two sizes of database."""
    rows = []
    for name, operation in operations.items():
        small, large = (results[name][size] for size in SIZES)
        times = large.cpu / small.cpu
        figures = (f"{small.p50:.1f}", f"{large.p50:.1f}", f"{small.cpu:,.0f}", f"{large.cpu:,.0f}", f"{times:.2f}")
        rows.append((operation.title, *figures, f"at most {SCALING_GOAL}: {_verdict(times <= SCALING_GOAL)}"))
    head = ("Operation", "p50 ms, small", "p50 ms, large", "CPU µs, small", "CPU µs, large", "Large ÷ small", "Goal")
    return _table(head, rows, left=1)


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
