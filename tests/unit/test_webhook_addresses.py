"""Where a webhook may lead: never into the house, whatever the address looks like."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.webhook_addresses import LONGEST_URL, Address, AddressRefused, Target, is_public, judge, parse, resolved
from resolvers.webhook_posting import judged

PUBLIC = ("1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1")
PRIVATE = (
    *("127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
    *("::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2001::1", "64:ff9b:1::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::1"),
)


@pytest.mark.parametrize("text", PUBLIC)
def test_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", PRIVATE)
def test_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(IPv4Address),
    st.integers(0, 2**128 - 1).map(IPv6Address),
    st.sampled_from(PRIVATE + PUBLIC).map(ip_address),
)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_is_judged_alike_in_every_dress(plain: IPv4Address) -> None:
    dressed = (int(plain) | 0xFFFF << 32, int(plain) | 0x64FF9B << 96, 0x2002 << 112 | int(plain) << 80)
    assert {is_public(IPv6Address(one)) for one in dressed} == {is_public(plain)}


@given(st.lists(ADDRESSES, max_size=4), st.booleans())
def test_one_address_of_the_house_among_many_is_enough_to_refuse(found: list[Address], local: bool) -> None:
    target = Target("https", "partner.example", 443, "/")
    if not found or (not local and not all(map(is_public, found))):
        with pytest.raises(AddressRefused, match="ADDRESS_NOT_ALLOWED"):
            judge(target, found, local=local)
    elif all(map(is_public, found)):
        assert judge(target, found, local=local) == found[0]


@pytest.mark.parametrize("text", ["169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::"])
def test_what_is_no_machine_of_the_house_is_refused_in_the_house_too(text: str) -> None:
    with pytest.raises(AddressRefused, match="ADDRESS_NOT_ALLOWED"):
        judge(Target("https", "x", 443, "/"), [ip_address(text)], local=True)


def test_http_is_for_loopback_alone_and_only_where_that_is_allowed() -> None:
    plain = Target("http", "x", 80, "/")
    assert judge(plain, [ip_address("127.0.0.1")], local=True) == IPv4Address("127.0.0.1")
    for text, local in (("127.0.0.1", False), ("10.0.0.1", True), ("1.1.1.1", True), ("1.1.1.1", False)):
        with pytest.raises(AddressRefused):
            judge(plain, [ip_address(text)], local=local)
    assert judge(Target("https", "x", 443, "/"), [ip_address("10.0.0.1")], local=True) == IPv4Address("10.0.0.1")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        *((bad, "INVALID_URL") for bad in ("", "x", "/hook", "//host/", "ftp://host/", "https://", "https:///x")),
        *(
            (bad, "INVALID_URL")
            for bad in ("https://host:0/", "https://host:99999/", "https://host:x/", "https://[::1")
        ),
        *((bad, "INVALID_URL") for bad in ("https://ho st/", "https://host/\n", "https://host\\@x/", "https://主机/")),
        *(
            (bad, "INVALID_URL")
            for bad in ("https://host/#part", "https://[fe80::1%25eth0]/", "https://%6c/", "file:///x")
        ),
        *((bad, "CREDENTIALS_IN_URL") for bad in ("https://u:p@host/", "https://u@host/", "https://@host/")),
        ("https://host/" + "x" * LONGEST_URL, "TOO_LONG"),
        ("https://" + "x" * 300 + "/", "INVALID_URL"),
    ],
)
def test_what_is_no_url_of_a_webhook(url: str, code: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        parse(url)
    assert refused.value.code == code
    assert refused.value.zh
    assert refused.value.en


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://host/{text}"):
        try:
            target = parse(url)
        except AddressRefused:
            continue
        assert target.at(IPv4Address("1.1.1.1")).startswith(f"{target.scheme}://1.1.1.1:{target.port}/")


def test_the_name_is_kept_and_the_address_dialled() -> None:
    target = parse("https://Partner.Example:8443/a/b?c=d")
    assert target.authority == "partner.example:8443"
    assert target.at(IPv6Address("2606:4700::1111")) == "https://[2606:4700::1111]:8443/a/b?c=d"
    assert parse("https://partner.example").at(IPv4Address("1.1.1.1")) == "https://1.1.1.1:443/"
    assert parse("http://[::1]:8000/?x").authority == "[::1]:8000"
    assert parse("http://[::1]:8000/?x").path == "/?x"


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "017700000001", "localhost", "nowhere.invalid"])
async def test_other_spellings_of_this_machine_and_names_of_none_are_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="ADDRESS_NOT_ALLOWED"):
        await resolved(parse(f"https://{host}/"), local=False)


@pytest.mark.parametrize(
    ("status", "error"), [(200, None), (204, None), (299, None), (199, "STATUS"), (304, "REDIRECT"), (410, "GONE")]
)
def test_what_a_status_means(status: int, error: str | None) -> None:
    assert judged(status).error == error
