"""What is listened on over TCP is served as configured, within the descriptors there are."""

from dataclasses import replace

import pytest
from fakes.tls import contexts

from dnsd.run import wiring_streams

EVERY = """\
listen:
  - {address: 127.0.0.1, port: 5300, transports: [udp, tcp]}
  - {address: 127.0.0.1, port: 5301, transports: [dot]}
  - {address: 127.0.0.1, port: 5302, transports: [doh]}
  - {address: 127.0.0.1, port: 5303, transports: [doh-http]}
"""


@pytest.fixture
def streams(inherited, around):
    """The factories of a configuration, by transport."""

    def make(text, room=10000):
        inheritance = replace(inherited(text), tls=contexts(), tcp_room=room)
        return wiring_streams.streams(inheritance, object(), around.clock)

    return make


def test_only_what_is_listened_on_is_made(streams):
    assert streams("").keys() == {"tcp"}
    assert streams(EVERY).keys() == {"tcp", "dot", "doh", "doh-http"}


def test_each_transport_has_its_own_connections(streams):
    made = streams(EVERY)
    inside = [made["tcp"], made["dot"]._connections, made["doh"]._connections, made["doh-http"]]
    assert [each.kind.transport.label for each in inside] == ["tcp", "dot", "doh", "doh"]
    assert len(set(map(id, inside))) == 4
    assert [each.options.clients for each in inside] == [500, 500, 200, 200]


def test_a_proxy_is_no_single_client(streams):
    made = streams(EVERY)
    assert made["doh"]._connections.options.clients_per_net == 20
    assert made["doh-http"].options.clients_per_net == 200


def test_http_and_tls_are_as_configured(streams):
    made = streams(
        EVERY + "https: {path: /secret, proxies: [192.0.2.1]}\n"
        "limits: {doh_body: 4KiB, doh_headers: 2KiB, doh_streams: 7, doh_resets: 9,"
        " tls_handshake: 1s, tls_handshakes: 3, tcp_first_message: 2s}\n"
    )
    server = made["doh"]._connections.kind.make.args[0]
    options = server.options
    assert (options.path, options.body_octets, options.headers_octets) == (b"/secret", 4096, 2048)
    assert (options.streams, options.resets_per_second) == (7, 9)
    assert server.proxies.contains(b"\xc0\0\2\1")
    assert (made["dot"].options.handshake_s, made["dot"].options.handshakes_per_second) == (1.0, 3)
    assert made["dot"].context is not made["doh"].context


def test_a_first_message_has_the_time_of_its_handshake_too(streams):
    made = streams(EVERY)
    assert made["tcp"].options.stream.first_message_s == 3.0
    assert made["doh-http"].options.stream.first_message_s == 3.0
    assert made["dot"]._connections.options.stream.first_message_s == 8.0
    assert made["doh"]._connections.options.stream.first_message_s == 8.0


def test_no_more_clients_than_descriptors_allow(streams):
    (tcp,) = streams("limits: {tcp_clients: 2000, tcp_clients_per_net: 1500}\n", 1000).values()
    assert (tcp.options.clients, tcp.options.clients_per_net) == (1000, 1000)
    made = streams(EVERY, room=700)
    inside = [made["tcp"], made["dot"]._connections, made["doh"]._connections, made["doh-http"]]
    assert [each.options.clients for each in inside] == [250, 250, 100, 100]


def test_descriptors_are_needed_for_every_transport(configured):
    assert wiring_streams.clients(configured()) == 500
    assert wiring_streams.clients(configured(EVERY)) == 1400
