"""How far a long command is: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

Report = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and how much there is."""

_PART = 20


@contextmanager
def reporter() -> Iterator[Report]:
    """A `Report` that shows steps on standard output."""
    console = Console()
    if not console.is_terminal:
        yield _plain()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield show


def _plain() -> Report:
    shown: dict[str, int] = {}

    def show(step: str, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        if step not in shown or percent // _PART > shown[step] // _PART:
            shown[step] = percent
            sys.stdout.write(f"  {step}: {percent} %\n")
            sys.stdout.flush()

    return show
