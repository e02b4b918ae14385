"""Runs the commands of the guides against a running service and writes what they print below them.

Start `make run` in one terminal, then `.venv/bin/python scripts/tour.py` in another; only changed outputs are written.
A step is a code block ```` ```sh tour ````; the code block right after it is its output and is replaced. A step
```` ```sh tour quiet ```` sets something up and must print nothing. All steps of all files share one shell, in order.
THADS_TOUR_URL is the address of the service, in place of the one the guides name; THADS_DATA its data folder,
where it is not the default one.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
GUIDES: Final = ("README.md", "docs/portals.md", "docs/partners.md", "docs/operations.md")
ADDRESS: Final = "http://127.0.0.1:8000"
END_OF_STEP: Final = "\x1e"

_STEP: Final = re.compile(
    r"^```sh tour(?P<quiet> quiet)?\n(?P<command>.*?)^```\n(?:\n```(?!sh)\w+\n(?P<output>.*?)^```\n)?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a guide; `output` is where its output stands in the text, None where there is no place for one."""

    command: str
    quiet: bool
    output: tuple[int, int] | None


def steps(text: str) -> list[Step]:
    """The steps of a guide in the order of the text."""
    return [
        Step(
            command=found["command"],
            quiet=found["quiet"] is not None,
            output=None if found["output"] is None or found["quiet"] else found.span("output"),
        )
        for found in _STEP.finditer(text)
    ]


def run(commands: Sequence[str], address: str) -> list[str]:
    """What each command prints, all of them run by one shell that stops at the first failure."""
    script = f"printf '{END_OF_STEP}'\n".join(["set -eo pipefail\n", *commands, ""]).replace(ADDRESS, address)
    shell = subprocess.run(["/bin/bash", "-c", script], stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    printed = shell.stdout.replace("\r", "").replace(address, ADDRESS).split(END_OF_STEP)[1:]
    if shell.returncode or len(printed) != len(commands) + 1:
        sys.exit(f"error: this step failed after {printed[-1:]}:\n{commands[len(printed) - 1]}")
    return printed[:-1]


def rewritten(text: str, printed: Sequence[str]) -> str:
    """The guide with the outputs of its steps replaced."""
    for step, output in reversed(list(zip(steps(text), printed, strict=True))):
        if step.output is not None:
            text = text[: step.output[0]] + output.rstrip("\n") + "\n" + text[step.output[1] :]
        elif output:
            sys.exit(f"error: a quiet step printed something:\n{step.command}{output}")
    return text


def main() -> None:
    """Runs the steps of all guides and rewrites those whose output has changed."""
    texts = {ROOT / name: (ROOT / name).read_text() for name in GUIDES}
    commands = [step.command for text in texts.values() for step in steps(text)]
    printed = run(commands, os.environ.get("THADS_TOUR_URL", ADDRESS))
    for path, text in texts.items():
        own, printed = printed[: len(steps(text))], printed[len(steps(text)) :]
        if (new := rewritten(text, own)) != text:
            path.write_text(new)
            sys.stdout.write(f"{path.relative_to(ROOT)} was changed\n")


if __name__ == "__main__":
    main()
