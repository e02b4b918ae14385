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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".uv"
ENVIRONMENT = ROOT / ".venv"
UV_VERSION = "0.13.9"
OLDEST = (3, 11)
# option of pip → variable of uv, and what separates its values
OPTIONS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}


def refuse(sentence):  # type: (str) -> None
    """Ends with one sentence."""
    sys.exit("error: " + sentence)


def run(*command, **options):  # type: (object, object) -> str
    """Runs a command; its output. Ends with its message when it fails."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode:
        refuse("{} failed; its message stands above".format(Path(str(command[0])).name))
    return done.stdout


def works(*command):  # type: (object) -> bool
    """Whether the program is there and answers."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def check_python():  # type: () -> None
    """Refuses a Python that is too old or cannot make environments."""
    if sys.version_info < OLDEST:
        refuse(
            "Python 3.11 or later is needed, {} is {}.{}; try make PYTHON=python3.12".format(
                sys.executable, *sys.version_info[:2]
            )
        )
    try:
        import ensurepip
        import venv
    except ImportError:
        refuse("this Python lacks the modules venv and ensurepip; install them (Debian: apt install python3-venv)")


def install_uv():  # type: () -> None
    """uv of the pinned version, beside .venv so that a sync does not remove it."""
    wanted = "uv " + UV_VERSION
    if works(TOOLS / "bin/uv", "--version") and run(TOOLS / "bin/uv", "--version").startswith(wanted):
        return
    shutil.rmtree(TOOLS, ignore_errors=True)
    run(sys.executable, "-m", "venv", TOOLS)
    pip = [TOOLS / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-cache-dir"]
    run(*pip, "uv==" + UV_VERSION)


def uv_environment():  # type: () -> dict
    """The caller's environment, with pip's configuration said in uv's words where uv has none of its own."""
    found = {}  # type: dict
    for line in run(TOOLS / "bin/python", "-m", "pip", "--disable-pip-version-check", "config", "list").splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in OPTIONS:
            variable, separator = OPTIONS[option]
            found[variable] = separator.join(ast.literal_eval(value).split())
    # pip takes the best match of all registries; the hashes of the lock file make that safe
    found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    found["UV_CACHE_DIR"] = str(TOOLS / "cache")
    found["UV_PYTHON_DOWNLOADS"] = "never"
    found.update(os.environ)
    return found


def main():  # type: () -> None
    check_python()
    print("Preparing .venv (a minute or two the first time) …", flush=True)
    install_uv()
    uv, environment = TOOLS / "bin/uv", uv_environment()
    if not works(ENVIRONMENT / "bin/python", "-c", ""):
        run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT, env=environment)
    wanted = TOOLS / "requirements.txt"
    run(
        uv,
        "export",
        "--quiet",
        "--frozen",
        "--all-extras",
        "--all-groups",
        "--output-file",
        wanted,
        cwd=ROOT,
        env=environment,
    )
    run(
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        ENVIRONMENT / "bin/python",
        wanted,
        cwd=ROOT,
        env=environment,
    )
    (ENVIRONMENT / ".synced").touch()


main()
