from ipaddress import ip_address, ip_network

import pytest

from doorward.control.federation.egress import Reach, embedded, permitted, reach

METADATA = [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::ffff:0:a9fe:a9fe",
    "2606:4700::5efe:a9fe:a9fe",
    "2606:4700::200:5efe:a9fe:a9fe",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "169.254.170.2",
    "fe80::a9fe:a9fe",
    "fe80::1%eth0",
]
EVERYTHING = (ip_network("0.0.0.0/0"), ip_network("::/0"))


@pytest.mark.parametrize("address", METADATA)
def test_link_local_and_metadata_are_out_of_reach_in_every_spelling(address: str) -> None:
    assert not permitted([address], written=True, allow=EVERYTHING)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "fec0::1"])
def test_what_is_no_machines_address_is_out_of_reach(address: str) -> None:
    assert not permitted([address], written=True, allow=EVERYTHING)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_open(address: str) -> None:
    assert reach(ip_address(address)) is Reach.PUBLIC
    assert permitted([address], written=False, allow=())


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "198.18.0.1", "fd12::1", "::ffff:10.0.0.1"]
)
def test_private_networks_need_the_operators_word(address: str) -> None:
    assert reach(ip_address(address)) is Reach.PRIVATE
    assert not permitted([address], written=False, allow=())
    assert permitted([address], written=True, allow=())
    assert permitted([address], written=False, allow=[ip_network(address)])


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_loopback_needs_a_written_host_and_no_network_opens_it(address: str) -> None:
    assert not permitted([address], written=False, allow=EVERYTHING)
    assert permitted([address], written=True, allow=())


def test_one_bad_address_among_good_ones_refuses_all() -> None:
    assert not permitted(["8.8.8.8", "10.0.0.1"], written=False, allow=())
    assert not permitted(["8.8.8.8", "169.254.169.254"], written=True, allow=())


def test_no_address_and_no_address_at_all_are_refused() -> None:
    assert not permitted([], written=True, allow=())
    assert not permitted(["idp.example.com"], written=True, allow=())


def test_a_teredo_address_counts_as_both_of_the_addresses_in_it() -> None:
    server, client = embedded(ip_address("2001:0:a9fe:a9fe::f5ff:fffe"))
    assert (str(server), str(client)) == ("169.254.169.254", "10.0.0.1")
    assert reach(ip_address("2001:0:a9fe:a9fe::f5ff:fffe")) is Reach.NEVER
