"""Whose use is counted: the connection's own address, or what a trusted proxy says."""

import pytest

from gateway.client_address import ClientAddresses, read_networks

PROXIES = "10.0.0.0/8, 2001:db8:1::/48"

Headers = list[tuple[bytes, bytes]]


def of(peer: str, *headers: tuple[str, str], proxies: str = PROXIES) -> str:
    sent: Headers = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return ClientAddresses(read_networks(proxies)).of(peer, sent)


def test_a_stranger_is_believed_nothing() -> None:
    assert of("192.0.2.1", ("x-forwarded-for", "198.51.100.7")) == "192.0.2.1"
    assert of("192.0.2.1", ("forwarded", "for=198.51.100.7")) == "192.0.2.1"
    assert of("10.0.0.1", ("x-forwarded-for", "198.51.100.7"), proxies="") == "10.0.0.1"


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
        ("2001:db8:2:3:ffff::1", "2001:db8:2:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "local"),
    ],
)
def test_a_home_counts_once(peer: str, counted: str) -> None:
    assert of(peer) == counted


@pytest.mark.parametrize(
    ("headers", "counted"),
    [
        ([("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
        ([("x-forwarded-for", "6.6.6.6, 198.51.100.7")], "198.51.100.7"),  # The left one was written by a stranger.
        ([("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
        ([("x-forwarded-for", "6.6.6.6, 198.51.100.7, 10.9.9.9")], "198.51.100.7"),  # Two proxies in a row.
        ([("x-forwarded-for", "198.51.100.7:4711")], "198.51.100.7"),
        ([("x-forwarded-for", "[2001:db8:2:3::9]:4711")], "2001:db8:2:3::/64"),
        ([("x-forwarded-for", "198.51.100.7, unknown")], "10.0.0.1"),
        ([("x-forwarded-for", "")], "10.0.0.1"),
        ([("x-forwarded-for", "10.1.1.1")], "10.1.1.1"),
        ([("x-forwarded-for", ",".join(["10.1.1.1"] * 5000))], "10.1.1.1"),
        ([("forwarded", "for=198.51.100.7;proto=https;by=10.0.0.1")], "198.51.100.7"),
        ([("forwarded", 'for=6.6.6.6, For="[2001:db8:2:3::9]:80"')], "2001:db8:2:3::/64"),
        ([("forwarded", 'for=6.6.6.6;by="x, for=198.51.100.7')], "198.51.100.7"),
        ([("forwarded", "for=_hidden")], "10.0.0.1"),
        ([("forwarded", "for=6.6.6.6"), ("x-forwarded-for", "198.51.100.7")], "198.51.100.7"),
        ([], "10.0.0.1"),
    ],
)
def test_behind_a_trusted_proxy_the_nearest_stranger_counts(headers: list[tuple[str, str]], counted: str) -> None:
    assert of("10.0.0.1", *headers) == counted
    assert of("::ffff:10.0.0.1", *headers) == counted


@pytest.mark.parametrize("listed", ["10.0.0.0/40", "proxy.example", "10.0.0.1;10.0.0.2"])
def test_what_is_no_network_is_refused_by_name(listed: str) -> None:
    with pytest.raises(ValueError, match=listed.split(";", maxsplit=1)[0]):
        read_networks(listed)
