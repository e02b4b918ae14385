"""What the figures were taken on."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.contenders import PEERS
from bench.database import Loaded
from bench.processes import run

_SERVICE: Final = ("fastapi", "uvicorn", "psycopg", "orjson")
_DRF: Final = ("Django", "djangorestframework", "gunicorn")
_FASTIFY: Final = ("fastify", "pg")


def machine() -> str:
    """Processor, cores and memory."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    model = found[1] if found else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB, Linux {platform.release()}"


def versions(database: Loaded) -> str:
    """Everything that took part."""
    parts = [f"PostgreSQL {database.version}", f"Python {platform.python_version()}"]
    parts += [f"{name} {version(name)}" for name in _SERVICE]
    pinned = dict(re.findall(r"^([A-Za-z]+)(?:\[.*\])?==(\S+)", _text("django_drf/requirements.txt"), re.MULTILINE))
    parts += [f"{name} {pinned[name]}" for name in _DRF]
    if shutil.which("node"):
        parts.append(f"Node {run('node', '--version', cwd=PEERS).strip().removeprefix('v')}")
    locked = dict(re.findall(r'"node_modules/([a-z]+)": \{\s*"version": "([^"]+)"', _text("fastify/package-lock.json")))
    parts += [f"{name} {locked[name]}" for name in _FASTIFY]
    # wrk prints its version with its help, and ends with status 1
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    return ", ".join([*parts, " ".join(said.split()[:2])])


def _text(name: str) -> str:
    return (PEERS / name).read_text()
