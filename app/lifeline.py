"""Ties a process to the life of its parent. Standard library only: it also runs as a script."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, signum: int) -> None:
    """Asks the kernel to send `signum` to this process once `parent` is gone, even by SIGKILL.

    Must be called after a change of user, which clears the request. Other systems than Linux have only
    the orderly stop.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:  # it went before the kernel knew
        sys.exit("the parent process is gone")


def _launch(parent: str, uid: str, gid: str, *command: str) -> None:
    """Becomes `command` as another user (empty: the same one), stopped by SIGINT when `parent` is gone."""
    if uid:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    die_with_parent(int(parent), signal.SIGINT)
    os.execv(command[0], command)  # noqa: S606 — the command comes from embedded.py, never from input


if __name__ == "__main__":
    _launch(*sys.argv[1:])
