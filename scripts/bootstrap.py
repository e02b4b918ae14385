"""Makes .venv hold exactly what uv.lock names, with nothing but Python and a package registry.

Runs on the system's Python, so it uses the standard library only, and must parse on old versions to refuse them.
The lock file names files of pypi.org; they are asked for by name, version and hash from whatever registry pip is
configured for (PIP_… variables, pip.conf) or uv (UV_… variables), because `uv sync --frozen` ignores mirrors.
"""

import ast
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".uv"
ENVIRONMENT = ROOT / ".venv"
PIP = (TOOLS / "bin/python", "-m", "pip", "--disable-pip-version-check")
UV_VERSION = "0.13.9"
OLDEST = (3, 11)
# option of pip, variable of uv, and what separates its values
OPTIONS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}


def refuse(sentence: str) -> NoReturn:
    """Ends with one sentence."""
    sys.exit("error: " + sentence)


def run(*command: object, environment: "dict[str, str] | None" = None) -> str:
    """Runs a command in the project; its output. Ends when it fails, below its own message."""
    words = [str(part) for part in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, cwd=ROOT, env=environment)
    if done.returncode:
        refuse(f"{Path(words[0]).name} failed; its message stands above")
    return done.stdout


def works(*command: object) -> bool:
    """Whether the program is there and answers."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def check_python() -> None:
    """Refuses a Python that is too old or cannot make environments."""
    if sys.version_info < OLDEST:
        version = "{}.{}".format(*sys.version_info[:2])
        refuse(f"Python 3.11 or later is needed, {sys.executable} is {version}; try make PYTHON=python3.12")
    if not (find_spec("ensurepip") and find_spec("venv")):
        refuse("this Python lacks the modules venv and ensurepip; install them (Debian: apt install python3-venv)")


def install_uv() -> None:
    """uv of the pinned version, beside .venv so that a sync does not remove it."""
    if works(TOOLS / "bin/uv", "--version") and run(TOOLS / "bin/uv", "--version").split()[1] == UV_VERSION:
        return
    shutil.rmtree(TOOLS, ignore_errors=True)
    run(sys.executable, "-m", "venv", TOOLS)
    run(*PIP, "install", "--quiet", "--no-cache-dir", f"uv=={UV_VERSION}")


def uv_environment() -> "dict[str, str]":
    """The caller's environment, with pip's configuration said in uv's words where uv has none of its own."""
    found: dict[str, str] = {}
    for line in run(*PIP, "config", "list").splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in OPTIONS:
            variable, separator = OPTIONS[option]
            found[variable] = separator.join(ast.literal_eval(value).split())
    # pip takes the best match of all registries; the hashes of the lock file make that safe
    found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    found["UV_CACHE_DIR"] = str(TOOLS / "cache")
    found["UV_PYTHON_DOWNLOADS"] = "never"
    return {**found, **os.environ}


def main() -> None:
    """Brings .venv up to date."""
    check_python()
    sys.stdout.write("Preparing .venv (a minute or two the first time)\n")
    sys.stdout.flush()
    install_uv()
    uv, python, wanted = TOOLS / "bin/uv", ENVIRONMENT / "bin/python", TOOLS / "requirements.txt"
    environment = uv_environment()
    if not works(python, "-c", ""):
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT, environment=environment)
    everything = ["--all-extras", "--all-groups", "--output-file", wanted]
    run(uv, "export", "--quiet", "--frozen", *everything, environment=environment)
    run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, wanted, environment=environment)
    (ENVIRONMENT / ".synced").touch()


if __name__ == "__main__":
    main()
