"""The proxy as it ships, in front of the laboratory."""

import datetime
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.main import create_app
from tests.api import lab
from tests.api.conftest import Lab, laboratory
from tests.conftest import settings_for
from tests.server import Served, serving

__all__ = ["laboratory"]

SHIPPED: Final = Path(__file__).parents[2] / "deploy"


@dataclass(frozen=True)
class Proxy(Served):
    """A running nginx in front of a service; `app` is that service. `tls` is its port with TLS."""

    folder: Path
    tls: int

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text(errors="replace")


def _nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found, "these tests need nginx (Debian: apt install nginx-light)"
    return found


def _certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    (folder / "certificate.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(form[0]))


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        return [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(count)]


def _write_site(folder: Path, served: Served) -> list[int]:
    """The shipped configuration, beside the two files that say where things are."""
    plain, tls = ports = _free_ports(2)
    shutil.copy(SHIPPED / "nginx.conf", folder)
    _certificate(folder)
    (folder / "upstream.conf").write_text(f"server {served.host}:{served.port};")
    (folder / "site.conf").write_text(
        f"listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2; server_name localhost;"
        f"ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;"
    )
    return ports


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[None]:
    """The process, without rights even when the tests run as root."""
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    for path in (folder, *folder.iterdir()):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    rights = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    with (folder / "log").open("wb") as log:
        os.fchown(log.fileno(), owner.pw_uid, owner.pw_gid)
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **rights)  # type: ignore[call-overload]
    try:
        yield
        assert process.poll() is None, (folder / "log").read_text()
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, log: Path) -> None:
    limit = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < limit, log.read_text()
            time.sleep(0.05)
        else:
            return


@contextmanager
def proxying(served: Served) -> Iterator[Proxy]:
    """nginx in front of a service until the block ends."""
    folder = Path(tempfile.mkdtemp())
    try:
        plain, tls = _write_site(folder, served)
        command = [_nginx(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
        with _running(command, folder):
            _wait_for(plain, folder / "log")
            yield Proxy(served.app, "127.0.0.1", plain, folder, tls)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def proxy(laboratory: Lab) -> Iterator[Proxy]:
    """One for the module; the service believes it who calls."""
    settings = settings_for(laboratory.database, address_rate=1, address_burst=20)
    with serving(create_app(settings, [lab]), proxy="127.0.0.1") as served, proxying(served) as running:
        yield running
