"""Objects built from configuration answer as the configuration says."""

from __future__ import annotations

import dns.message
import dns.rcode
import pytest

from dnsd.authority.store import open_store
from dnsd.control.compiler import compile_at_start
from dnsd.query.request import Request, Transport
from dnsd.run import wiring, wiring_cache

ZONE = """
'': {type: NS, value: ns1.example.test.}
ns1: {type: A, value: 192.0.2.53}
"""
LOOPBACK = b"\x7f\0\0\1"


def never(*_):
    """Take a reply of a later turn, of which there must be none here."""
    raise AssertionError("a reply came late")


@pytest.fixture
def answers(inherited, around, tmp_path):
    """Wire the DNS side for a configuration, over one compiled zone, and ask it."""
    stores = []

    def ask(text, name, rrtype="A", rdclass="IN", client=LOOPBACK):
        inheritance = inherited(text)
        config = inheritance.config
        (tmp_path / "zones" / "example.test.yaml").write_text(ZONE)
        config.state_directory.mkdir()
        compile_at_start(wiring.compiler_options(config), 1_800_000_000)
        store = wiring.open_zones(config)
        stores.append(store)
        caches = wiring_cache.open_caches(inheritance)
        serving = wiring.serving(inheritance, 0, wiring.Stores(store, caches), around)
        query = dns.message.make_query(name, rrtype, rdclass, use_edns=0)
        responder = serving._streams["tcp"].responder
        reply = responder.respond(
            Request(query.to_wire(), client, 5353, None, Transport.TCP, 1.0, 1_800_000_000), never
        )
        return dns.message.from_wire(reply)

    yield ask
    for store in stores:
        store.close()


pytestmark = pytest.mark.slow


def test_a_zone_of_the_directory_is_answered(answers):
    reply = answers("", "ns1.example.test.")
    assert str(reply.answer[0][0]) == "192.0.2.53"


def test_who_is_not_allowed_is_refused(answers):
    text = "authority: {zones: zones, allow: [192.0.2.0/24]}\n"
    assert answers(text, "ns1.example.test.").rcode() == dns.rcode.REFUSED


def test_the_identity_is_told_when_it_is_set(answers):
    reply = answers("server_identity: {version: mine}\n", "version.server.", "TXT", "CH")
    assert str(reply.answer[0][0]) == '"mine"'


def test_paths_of_stores_are_below_the_state_directory(configured):
    config = configured("state_directory: here\n")
    options = wiring.compiler_options(config)
    assert config.state_directory in options.store.parents
    assert config.state_directory in options.serials.parents


def test_every_transport_of_every_listener_is_bound(configured):
    config = configured(
        "listen:\n  - {address: 127.0.0.1, port: 5300}\n"
        "  - {address: '::1', port: 5301, transports: [tcp]}\n"
    )
    assert list(map(str, wiring.endpoints(config))) == [
        "127.0.0.1 port 5300/udp",
        "127.0.0.1 port 5300/tcp",
        "::1 port 5301/tcp",
    ]


def test_the_store_that_workers_read_cannot_be_written_by_them(configured):
    config = configured()
    config.state_directory.mkdir()
    open_store(config.zone_store, map_size=1 << 24).close()
    store = wiring.open_zones(config)
    with pytest.raises(Exception, match=r"[Rr]ead-?only|[Pp]ermission"):
        store.publish({})
    store.close()


@pytest.mark.parametrize("watch", ["on", "off"])
def test_files_are_watched_when_that_is_wanted(inherited, around, tmp_path, watch):
    inheritance = inherited(f"authority: {{zones: zones, watch: {watch}}}\n")
    reloader = wiring.reloader(inheritance, around)
    stores = wiring.Stores(None, wiring_cache.open_caches(inheritance))
    interface = wiring.interface(inheritance, stores, reloader, around)
    assert (interface._watcher is not None) == (watch == "on")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("", 3, id="the only process tidies the cache"),
        pytest.param("workers: 2\n", 4, id="control tidies it and shows how full it is"),
        pytest.param("resolver: {enabled: off}\n", 1, id="there is none"),
    ],
)
def test_one_process_looks_after_the_cache(inherited, around, text, count):
    inheritance = inherited(text)
    stores = wiring.Stores(None, wiring_cache.open_caches(inheritance))
    reloader = wiring.reloader(inheritance, around)
    interface = wiring.interface(inheritance, stores, reloader, around)
    assert len(interface.upkeep) == count
