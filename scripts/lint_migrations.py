"""Lints the SQL of all migrations, as PostgreSQL would receive it; exit status 1 when something is wrong.

squawk reads the way up. That each step, up and down, bounds its waiting for locks and its time is checked here: squawk
sees one long script, where the limits of the first step would do for all.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ALEMBIC_TABLE = re.compile(r"CREATE TABLE alembic_version \(.*?\);", re.DOTALL)  # not ours to change
STEP = re.compile(r"^-- Running (\w+ .*)$", re.MULTILINE)
LIMITS = re.compile(r"\s*SET LOCAL lock_timeout = '[1-9]\w*';\s*SET LOCAL statement_timeout = '[1-9]\w*';")


def sql_of(*direction: str) -> str:
    """What PostgreSQL would receive."""
    alembic = [sys.executable, "-m", "alembic", *direction, "--sql"]
    return subprocess.run(alembic, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def unbounded(sql: str) -> Iterator[str]:
    """The steps that do not begin with their limits."""
    _, *parts = STEP.split(sql)
    if not parts:
        yield "no step"
    for name, step in zip(parts[::2], parts[1::2], strict=True):
        if not LIMITS.match(step):
            yield name


def main() -> int:
    """Reads both ways."""
    up, down = sql_of("upgrade", "head"), sql_of("downgrade", "head:base")
    faults = [*unbounded(up), *unbounded(down)]
    for name in faults:
        sys.stdout.write(f"{name}: must begin with SET LOCAL lock_timeout and SET LOCAL statement_timeout\n")
    squawk: list[str | Path] = [Path(sys.executable).parent / "squawk", "--stdin-filepath", "migrations.sql"]
    found = subprocess.run(squawk, cwd=ROOT, input=ALEMBIC_TABLE.sub("", up), text=True, check=False).returncode
    return found or int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
