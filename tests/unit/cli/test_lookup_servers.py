import socket

import pytest

from dnsd.cli.lookup_exchange import Server, Way
from dnsd.cli.lookup_servers import ServerError, configured, named, of_system, place
from dnsd.config.schema import Listener


@pytest.mark.parametrize(
    ("text", "port", "server"),
    [
        ("192.0.2.1", None, Server("192.0.2.1")),
        ("192.0.2.1", 5300, Server("192.0.2.1", 5300)),
        ("192.0.2.1:5300", None, Server("192.0.2.1", 5300)),
        ("192.0.2.1#5300", None, Server("192.0.2.1", 5300)),
        ("2001:db8::1", None, Server("2001:db8::1")),
        ("2001:db8::1#5300", None, Server("2001:db8::1", 5300)),
        ("[2001:db8::1]", None, Server("2001:db8::1")),
        ("[2001:db8::1]:5300", None, Server("2001:db8::1", 5300)),
        ("https://192.0.2.1/", None, Server("192.0.2.1", None, path="/")),
        ("https://192.0.2.1", None, Server("192.0.2.1", None, path="/dns-query")),
        ("https://192.0.2.1:8443/q", None, Server("192.0.2.1", 8443, path="/q")),
    ],
)
def test_a_server_is_an_address_a_port_and_a_path(text, port, server):
    assert named(text, port) == (server,)


def test_a_name_is_asked_at_each_of_its_addresses(monkeypatch):
    def addresses(name, *_, **__):
        assert name == "dns.example"
        return [(0, 0, 0, "", (address, 0)) for address in ("2001:db8::1", "192.0.2.1")] * 2

    monkeypatch.setattr(socket, "getaddrinfo", addresses)
    assert named("dns.example:5300", None) == (
        Server("2001:db8::1", 5300, "dns.example"),
        Server("192.0.2.1", 5300, "dns.example"),
    )


@pytest.mark.parametrize("text", ["nowhere.invalid", "a..b", "192.0.2", ""])
def test_what_has_no_address_cannot_be_asked(text, monkeypatch):
    def nothing(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(ServerError, match="is no address, and none is known of it: Name or"):
        named(text, None)


def test_a_url_that_is_none_cannot_be_asked():
    with pytest.raises(ServerError, match=r"'https://\[x' is not a URL"):
        named("https://[x", None)


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_has_16_bits_and_is_not_0(port):
    with pytest.raises(ServerError, match="is not a port: 1 to 65535 are"):
        named(f"192.0.2.1:{port}", None)


LISTENERS = (
    Listener("192.0.2.1", 853, ("dot",)),
    Listener("0.0.0.0", 5300, ("udp", "tcp")),
    Listener("::", 5301, ("tcp",)),
)


@pytest.mark.parametrize(
    ("way", "found"),
    [
        (None, (Server("127.0.0.1", 5300), Way.UDP)),
        (Way.TCP, (Server("127.0.0.1", 5300), Way.TCP)),
        (Way.TLS, (Server("192.0.2.1", 853), Way.TLS)),
        (Way.HTTPS, None),
    ],
)
def test_of_a_configuration_the_listener_that_takes_the_way_is_asked(way, found):
    assert configured(LISTENERS, way) == found


def test_where_there_is_no_udp_a_stream_will_do():
    assert configured(LISTENERS[2:], None) == (Server("::1", 5301), Way.TCP)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        pytest.param(
            "# nameserver 192.0.2.9\nsearch example.test\nnameserver 192.0.2.1\n"
            "nameserver 2001:db8::1 \n", ["192.0.2.1", "2001:db8::1"], id="in their order",
        ),
        pytest.param("nameserver\nnameserver x\n", ["127.0.0.1"], id="none that can be read"),
        pytest.param("nameserver 192.0.2.1\n" * 5, ["192.0.2.1"] * 3, id="as many as the C library"),
        pytest.param("nameserver fe80::1%eth0\n", ["fe80::1%eth0"], id="of one link"),
    ],
)  # fmt: skip
def test_resolvers_of_the_system_are_read(text, addresses, tmp_path):
    (tmp_path / "resolv.conf").write_text(text)
    assert [server.address for server in of_system(tmp_path / "resolv.conf")] == addresses


def test_without_resolv_conf_it_is_loopback(tmp_path):
    assert of_system(tmp_path / "resolv.conf") == (Server("127.0.0.1"),)


def test_a_server_for_people():
    assert place(Server("192.0.2.1", 53)) == "192.0.2.1 port 53"
    assert place(Server("192.0.2.1", 53, "dns.example")) == "dns.example (192.0.2.1 port 53)"
