from ipaddress import ip_network

import pytest

from dnsd.authority.zonefile import settings
from dnsd.authority.zonefile.draft import SoaSettings
from dnsd.source.marked_yaml import parse
from dnsd.source.problems import Where
from dnsd.wire import names
from dnsd.wire.errors import FormError


def read(reader, text):
    """What a reader makes of a text, and the ids of its problems."""
    problems = []
    value = reader(parse(text.encode(), "a.yaml").root, problems.append)
    return value, [problem.id for problem in problems]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("300", 300), ("5m", 300), ("1w", 604800), ("2147483647", 2147483647)],
)
def test_a_ttl_is_read(text, seconds):
    assert read(settings.read_ttl, text) == (seconds, [])


@pytest.mark.parametrize(
    ("text", "problem_id"),
    [
        ("010", "ttl-form"),
        ("00", "ttl-form"),
        ("0x10", "ttl-form"),
        ("1_000", "ttl-form"),
        ("12:30", "ttl-form"),
        ("-1", "ttl-form"),
        ("", "ttl-form"),
        ("null", "ttl-form"),
        ("[1]", "ttl-form"),
        ("{a: 1}", "ttl-form"),
        ("2147483648", "ttl-range"),
        ("99999999999", "ttl-range"),
        ("1.5", "ttl-range"),
        ("500ms", "ttl-range"),
    ],
)
def test_what_is_no_ttl_has_a_name(text, problem_id):
    assert read(settings.read_ttl, f"- {text}" and f"'{text}'" if text == "" else text) == (
        None,
        [problem_id],
    )


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        pytest.param("example.com", "example.com.", id="as files are named"),
        pytest.param("example.com.", "example.com.", id="with its dot"),
        pytest.param("Example.COM", "example.com.", id="mixed case"),
        pytest.param(".", ".", id="the root"),
        pytest.param("com", "com.", id="a top-level domain"),
        pytest.param("0/26.2.0.192.in-addr.arpa", "0/26.2.0.192.in-addr.arpa.", id="RFC 2317"),
        pytest.param(r"a\.b.test", r"a\.b.test.", id="an escaped dot"),
        pytest.param(
            r"0\04726.2.0.192.in-addr.arpa", "0/26.2.0.192.in-addr.arpa.", id="an escaped slash"
        ),
        pytest.param("café.test", "xn--caf-dma.test.", id="international"),
    ],
)
def test_an_origin_is_read(text, origin):
    assert names.to_text(settings.origin_from_text(text)) == origin
    assert read(settings.read_origin, f"'{text}'") == (names.from_text(origin), [])


@pytest.mark.parametrize("text", ["", "@", "a..b", ".a", "x" * 64, "💩"])
def test_what_is_no_origin_is_refused(text):
    with pytest.raises(FormError):
        settings.origin_from_text(text)
    assert read(settings.read_origin, f"'{text}'") == (None, ["zone-name"])


def test_a_soa_block_is_read():
    text = "{primary: ns1.example.test, hostmaster: dns.admin@example.test, refresh: 1h, retry: 5m, expire: 2w, minimum: 60, ttl: 30}"
    soa, ids = read(settings.read_soa, text)
    assert ids == []
    assert soa == SoaSettings(
        Where("a.yaml", 1, 1),
        names.from_text("ns1.example.test."),
        names.from_text(r"dns\.admin.example.test."),
        3600,
        300,
        1209600,
        60,
        30,
    )


@pytest.mark.parametrize(
    ("text", "hostmaster"),
    [
        ("hostmaster@example.test", "hostmaster.example.test."),
        ("a.b@example.test.", r"a\.b.example.test."),
        ("a@b@example.test", r"a\@b.example.test."),
        ("hostmaster.example.test.", "hostmaster.example.test."),
        (r"a\.b.example.test.", r"a\.b.example.test."),
        ("root@café.test", "root.xn--caf-dma.test."),
        (".", "."),
    ],
)
def test_a_hostmaster_is_a_mail_address_or_a_name(text, hostmaster):
    soa, ids = read(settings.read_soa, f"{{hostmaster: '{text}'}}")
    assert (names.to_text(soa.hostmaster), ids) == (hostmaster, [])


@pytest.mark.parametrize(
    ("text", "problem_id"),
    [
        ("{hostmaster: '@example.test'}", "soa-hostmaster-address"),
        ("{hostmaster: 'a@'}", "soa-hostmaster-address"),
        ("{hostmaster: 'é@example.test'}", "soa-hostmaster-address"),
        ("{hostmaster: hostmaster}", "soa-hostmaster-name"),
        ("{hostmaster: []}", "soa-hostmaster-form"),
        ("{primary: ns1}", "soa-primary-name"),
        ("{primary: a..b.}", "soa-primary-name"),
        ("{primary: }", "soa-primary-form"),
        ("{refresh: often}", "soa-refresh-form"),
        ("{expire: 4294967296}", "soa-expire-range"),
        ("{serial: 1}", "soa-key"),
        ("[]", "soa-form"),
    ],
)
def test_what_is_wrong_in_a_soa_block_has_a_name_and_leaves_the_default(text, problem_id):
    assert read(settings.read_soa, text) == (SoaSettings(Where("a.yaml", 1, 1)), [problem_id])


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        pytest.param("auto", [], id="every address"),
        pytest.param(
            "{networks: [192.0.2.0/24, '2001:db8::/64']}",
            ["192.0.2.0/24", "2001:db8::/64"],
            id="some",
        ),
        pytest.param("{networks: [192.0.2.1]}", ["192.0.2.1/32"], id="one address"),
    ],
)
def test_reverse_says_which_addresses(text, networks):
    reverse, ids = read(settings.read_reverse, text)
    assert (reverse.networks, ids) == (tuple(map(ip_network, networks)), [])


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("null", []),
        ("off", ["reverse-form"]),
        ("[192.0.2.0/24]", ["reverse-form"]),
        ("{networks: []}", ["reverse-form"]),
        ("{networks: auto}", ["reverse-form"]),
        ("{}", ["reverse-form"]),
        ("{network: [192.0.2.0/24]}", ["reverse-key", "reverse-form"]),
    ],
)
def test_no_reverse_and_a_wrong_one_make_nothing(text, ids):
    assert read(settings.read_reverse, text) == (None, ids)


@pytest.mark.parametrize("network", ["192.0.2.1/24", "192.0.2.0/33", "ten", "2001:db8::1/64"])
def test_a_wrong_network_has_a_name(network):
    assert read(settings.read_reverse, f"{{networks: ['{network}']}}")[1] == ["reverse-network"]


@pytest.mark.parametrize(
    ("text", "ids", "problems"),
    [
        ("[ns-dot, mx-exchange-dot]", {"ns-dot", "mx-exchange-dot"}, []),
        ("[]", set(), []),
        ("", set(), []),
        ("ns-dot", set(), ["silence-form"]),
        ("[[a]]", set(), ["silence-form"]),
    ],
)
def test_silence_is_a_list_of_ids(text, ids, problems):
    assert read(settings.read_silence, text or "null") == (ids, problems)


@pytest.mark.parametrize(
    ("key", "problem_id", "severity", "hint"),
    [
        ("recrods", "zone-key", "error", "did you mean records?"),
        ("mail", "zone-key-later", "warning", "write the records it stands for"),
        ("www", "zone-key", "error", ""),
    ],
)
def test_an_unknown_key_is_reported(key, problem_id, severity, hint):
    problems = []
    (node,) = (node for node, _ in parse(f"{key}: 1".encode(), "a").root.fields.values())
    settings.report_unknown_key(node, problems.append)
    (problem,) = problems
    assert (problem.id, problem.severity, problem.hint) == (problem_id, severity, hint)
