"""Sending one request to somebody else's server, which may be hostile, slow, or not theirs at all.

The name is resolved here, every address it has must be one of the internet, and the connection goes to one of those
very addresses: what the name says a moment later does not matter. Certificates are checked against the name. No proxy,
no redirect, no connection used twice; of the answer nothing is read but status and headers.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Final

import httpx

from app.errors import Invalid, invalid
from app.services.webhooks.rules import PORTS, asked_wait, is_public
from app.settings import Settings

RESOLVE_SECONDS: Final = 5.0
# a name server that does not answer must not keep the threads others need
_RESOLVERS: Final = ThreadPoolExecutor(16, thread_name_prefix="webhook-names")
# of several addresses so many are tried
_ADDRESSES: Final = 3


class RefusedAddress(Exception):
    """The name leads to an address that is not one of the internet."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request: the status, or why there is none; how long it took; when the receiver wants the next.

    `error` is one of `name`, `address`, `connection`, `timeout`, `protocol`.
    """

    status: int | None
    error: str | None
    seconds: float
    asked: float | None = None

    @property
    def is_success(self) -> bool:
        """Any 2xx; a redirect is a failure like others."""
        return self.status is not None and httpx.codes.is_success(self.status)


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order of the system; OSError when it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _RESOLVERS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    )
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Sender:
    """One per worker."""

    def __init__(self, settings: Settings) -> None:
        self._allow_private = settings.webhooks_allow_private
        self._timeout = settings.webhook_timeout_seconds
        # Connections are told apart by address, and two names may share one; so none is kept.
        self._client = httpx.AsyncClient(
            trust_env=False,
            verify=httpx.create_ssl_context(),
            follow_redirects=False,
            timeout=self._timeout,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Ends what is under way."""
        await self._client.aclose()

    async def check(self, url: str) -> None:
        """Raises Invalid when nothing would be sent to this address; names are resolved for that."""
        parsed = self._parsed(url)
        if self._allow_private:
            return
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                await self._addresses(parsed)
        except (OSError, UnicodeError):  # TimeoutError is one
            raise _refused("unknown-host", "names a host that is not found", "tên máy chủ không tìm thấy") from None
        except RefusedAddress:
            raise _refused(
                "private-address", "leads to an address that is not public", "dẫn tới địa chỉ không công khai"
            ) from None

    def _parsed(self, url: str) -> httpx.URL:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            raise _refused("not-a-url", "is not an address", "không phải địa chỉ hợp lệ") from None
        if not parsed.host or parsed.userinfo or "#" in url or not 0 < _port(parsed) < 2**16:
            raise _refused(
                "not-a-url",
                "must name a host, and neither user, password nor fragment",
                "phải có tên máy chủ và không có tên đăng nhập, mật khẩu hay phần sau dấu #",
            )
        if not self._allow_private and (parsed.scheme != "https" or _port(parsed) not in PORTS):
            ports = " or ".join(map(str, PORTS))
            raise _refused(
                "not-https", f"must be https at port {ports}", f"phải là https tại cổng {ports.replace('or', 'hoặc')}"
            )
        return parsed

    async def _addresses(self, url: httpx.URL) -> list[str]:
        found = await resolved(url.raw_host.decode("ascii"), _port(url))
        if not self._allow_private and not all(map(is_public, found)):
            raise RefusedAddress
        return found

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Sends a request; whatever happens is an answer, and comes in time."""
        began = monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                status, asked = await self._post(self._parsed(url), headers, body)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(None, "timeout", monotonic() - began)
        except (RefusedAddress, Invalid):
            return Answer(None, "address", monotonic() - began)
        except httpx.ConnectError:
            return Answer(None, "connection", monotonic() - began)
        except (httpx.HTTPError, httpx.InvalidURL):
            return Answer(None, "protocol", monotonic() - began)
        except (OSError, UnicodeError):
            return Answer(None, "name", monotonic() - began)
        return Answer(status, None, monotonic() - began, asked)

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> tuple[int, float | None]:
        *others, last = (await self._addresses(url))[:_ADDRESSES]
        for address in others:
            try:
                return await self._post_to(address, url, headers, body)
            except httpx.ConnectError:
                continue
        return await self._post_to(last, url, headers, body)

    async def _post_to(
        self, address: str, url: httpx.URL, headers: dict[str, str], body: bytes
    ) -> tuple[int, float | None]:
        host = url.raw_host.decode("ascii")
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            headers={**headers, "Host": url.netloc.decode("ascii"), "Accept-Encoding": "identity"},
            content=body,
            extensions={"sni_hostname": host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            asked = asked_wait(answer.status_code, answer.headers.get("retry-after"), datetime.now(UTC))
            return answer.status_code, asked
        finally:
            await answer.aclose()


def _port(url: httpx.URL) -> int:
    return (443 if url.scheme == "https" else 80) if url.port is None else url.port


def _refused(code: str, en: str, vi: str) -> Invalid:
    return invalid(code, en, vi, pointer="/url")
