"""The proxy configuration against what the service itself says; needs no nginx."""

import ipaddress
import json
import re
from typing import Any

import yaml  # type: ignore[import-untyped]  # has no stubs

from app.api import middleware
from app.api.body import MAX_BODY
from app.api.problems import kinds
from app.api.protocol import PATIENCE_SECONDS
from app.serving import MANNERS
from tests.deploy.conftest import SHIPPED

CONFIG = (SHIPPED / "nginx.conf").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((SHIPPED.parent / "compose.yaml").read_text())
TITLES = {(kind.status, kind.code): kind.title["en"] for kind in kinds()}


def _value(directive: str) -> str:
    found = re.findall(rf"^    {directive} (.+);$", CONFIG, re.MULTILINE)
    assert len(found) == 1, f"{directive} must be there once for all addresses"
    return str(found[0])


def _seconds(directive: str) -> float:
    return float(_value(directive).removesuffix("s"))


def _map(name: str) -> dict[str, str]:
    body = re.search(rf"map \$status \${name} {{(.*?)\n    }}", CONFIG, re.DOTALL)
    assert body
    return {status: text.strip('"') for status, text in re.findall(r'(\w+) ("[^"]*"|[\w-]+);', body[1])}


def test_proxy_and_service_have_the_same_limits() -> None:
    assert _value("client_max_body_size") == f"{MAX_BODY // 2**20}m"
    assert _seconds("client_header_timeout") == PATIENCE_SECONDS
    assert max(map(_seconds, ("client_body_timeout", "send_timeout", "lingering_time"))) <= 10
    number, size = _value("large_client_header_buffers").split()
    assert int(size.removesuffix("k")) * 1024 >= middleware.MAX_ADDRESS  # so that the service answers first
    assert int(number) * int(size.removesuffix("k")) * 1024 >= middleware.MAX_HEADER_BYTES


def test_idle_connections_to_the_service_end_at_the_proxy_first() -> None:
    outside, inside = (float(text) for text in re.findall(r"^\s*keepalive_timeout (\d+)s;$", CONFIG, re.MULTILINE))
    assert outside <= 10
    assert inside < MANNERS["timeout_keep_alive"]


def test_problems_of_the_proxy_are_problems_of_the_service() -> None:
    codes, titles = _map("code"), _map("title")
    assert codes.keys() == titles.keys()
    for status, code in codes.items():
        assert TITLES[503 if status == "default" else int(status), code] == titles[status]
    body = re.search(r"return 200 '(.*)';", CONFIG)
    assert body
    assert json.loads(body[1].replace(":$status", ":400")).keys() == {"type", "title", "status", "code", "instance"}


def test_answers_of_the_proxy_have_the_headers_of_the_service() -> None:
    added = {
        name.lower(): value.strip('"') for name, value in re.findall(r'add_header (\S+) (".*"|\S+) always;', CONFIG)
    }
    expected = {*middleware.COMMON_HEADERS, *middleware.DEFAULT_HEADERS} - {middleware.COMMON_HEADERS[0]}
    assert expected <= {(name.encode(), value.encode()) for name, value in added.items()}
    assert _value("server_tokens") == "off"


def test_only_the_proxy_says_who_calls() -> None:
    sent = dict(re.findall(r'proxy_set_header (\S+) "?([^;"]*)"?;', CONFIG))
    assert (sent["X-Forwarded-For"], sent["X-Forwarded-Proto"]) == ("$remote_addr", "$scheme")
    assert (sent["X-Forwarded-Host"], sent["Forwarded"], sent["X-Real-IP"]) == ("", "", "")


def test_what_is_for_the_inside_stays_inside() -> None:
    hidden = re.search(r"location ~ \^/\(([\w|]+)\)\$ {\s+return 404;", CONFIG)
    assert hidden
    assert {f"/{name}" for name in hidden[1].split("|")} == middleware.QUIET


def test_the_example_believes_its_proxy_and_opens_nothing_else() -> None:
    services = COMPOSE["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    front = COMPOSE["networks"]["front"]["ipam"]["config"][0]["subnet"]
    assert services["api"]["environment"]["FORWARDED_ALLOW_IPS"] == front
    assert ipaddress.ip_network(front).num_addresses <= 8
    assert [name for name, service in services.items() if "front" in service.get("networks", [])] == ["api", "proxy"]
    assert services["proxy"]["volumes"] == ["./deploy:/etc/thads:ro"]
    for service in (services["api"], services["proxy"]):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_the_example_speaks_tls_alone() -> None:
    site = (SHIPPED / "site.conf").read_text()
    listens = re.findall(r"^listen (.+);$", site, re.MULTILINE)
    assert listens
    assert all(" ssl" in listen for listen in listens)
    assert COMPOSE["services"]["proxy"]["ports"] == [f"{port}:{port}" for port in (listens[0].split()[0],)]
    secrets = re.findall(r"/run/secrets/(\w+);", site)
    assert sorted(secrets) == sorted(COMPOSE["services"]["proxy"]["secrets"])
