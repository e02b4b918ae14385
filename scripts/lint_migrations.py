"""Lets squawk read the SQL of all migrations, as PostgreSQL would receive it; exit status is squawk's."""

import re
import subprocess
import sys
from pathlib import Path

ALEMBIC_TABLE = re.compile(r"CREATE TABLE alembic_version \(.*?\);", re.DOTALL)  # not ours to change


def main() -> int:
    root = Path(__file__).parent.parent
    alembic = [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"]
    sql = subprocess.run(alembic, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
    squawk: list[str | Path] = [Path(sys.executable).parent / "squawk", "--stdin-filepath", "migrations.sql"]
    return subprocess.run(squawk, cwd=root, input=ALEMBIC_TABLE.sub("", sql), text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
