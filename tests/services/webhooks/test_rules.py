"""Addresses that may be called, waits between attempts, ids of events."""

from datetime import UTC, datetime
from typing import Final

import pytest

from app.services.changes.rules import Place
from app.services.webhooks.rules import LONGEST_WAIT, SCHEDULE, asked_wait, event_id, is_public, place_of, wait_after

ID: Final = "0197c0de-0000-7000-8000-00000000e001"
NOW: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.9.1",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1", "198.18.0.1", "203.0.113.7",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16", "192.88.99.1",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "fc00::1", "fd00:ec2::254", "fe80::1",
        "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "2002:a00:1::1", "100::1",
        "4000::1",
    ],
)  # fmt: skip
def test_addresses_of_our_own_networks_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "113.160.0.1", "2405:4800::1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_not(address: str) -> None:
    assert is_public(address)


def test_an_event_is_tried_for_three_days() -> None:
    waits = [wait_after(failed, 5, None, 0) for failed in range(1, 12)]
    assert waits[:9] == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert waits[9:] == [None, None]
    assert 72 * 3600 < 5 * sum(SCHEDULE) < 80 * 3600


def test_waits_differ() -> None:
    assert wait_after(1, 5, None, 1) == 6.25
    assert wait_after(4, 5, None, 0.5) == 8_100


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (503, "120", 120),
        (429, "0", 0),
        (503, "Tue, 24 Nov 2026 02:01:00 GMT", 60),
        (503, "Tue, 24 Nov 2026 01:00:00 GMT", 0),
        (503, "9" * 400, 999_999_999),
        (503, "soon", None),
        (503, "-5", None),
        (503, "²", None),
        (503, None, None),
        (500, "120", None),
    ],
)
def test_what_a_receiver_asks_for(status: int, header: str | None, seconds: float | None) -> None:
    assert asked_wait(status, header, NOW) == seconds


def test_it_is_given_that_within_bounds() -> None:
    assert wait_after(1, 5, 60, 0) == 60
    assert wait_after(2, 5, 60, 0) == 300
    assert wait_after(1, 5, 10**9, 0) == LONGEST_WAIT


def test_ids_name_places_of_their_own_subscription() -> None:
    place = Place(2**53 - 1, 48_211)
    event = event_id(ID, place)
    assert event == "msg_0197c0de00007000800000000000e001_1fffffffffffff_48211"
    assert place_of(ID, event) == place
    assert place_of(ID.replace("e001", "e002"), event) is None
    for other in ("", "msg_", event + "x", event.replace("48211", "048211"), event + "\n"):
        assert place_of(ID, other) is None
