import pytest
from fakes.replies import lines, record, records, reply

from dnsd.resolver.alias_chain import MAX_LINKS, Asked, ChainEnd, follow, the_one
from dnsd.wire import names
from dnsd.wire.iana import rrtype_from_text
from dnsd.wire.rrset import RRset


def followed(question, zone, answer, *, trusted=True, forwarder=False):
    name, rrtype = question.split()
    asked = Asked(
        names.from_text(name), rrtype_from_text(rrtype), names.from_text(zone), trusted, forwarder
    )
    return follow(reply(question, answer=answer).answer, asked)


@pytest.mark.parametrize(
    ("answer", "end", "name", "kept"),
    [
        pytest.param("a.test. A 192.0.2.1", ChainEnd.DATA, "a.test.", 1, id="data"),
        pytest.param("b.test. A 192.0.2.1", ChainEnd.OPEN, "a.test.", 0, id="somebody else's data"),
        pytest.param("a.test. CNAME b.test.", ChainEnd.OPEN, "b.test.", 1, id="one link"),
        pytest.param("a.test. CNAME b.test.\nb.test. A 192.0.2.1", ChainEnd.DATA, "b.test.", 2, id="link and data"),
        pytest.param("c.test. A 192.0.2.1\nb.test. CNAME c.test.\na.test. CNAME b.test.", ChainEnd.DATA, "c.test.", 3, id="any order"),
        pytest.param("a.test. CNAME B.Test.\nb.test. A 192.0.2.1", ChainEnd.DATA, "b.test.", 2, id="any letter case"),
        pytest.param("a.test. CNAME a.test.", ChainEnd.AWAY, "a.test.", 1, id="to itself"),
        pytest.param("a.test. CNAME b.test.\nb.test. CNAME a.test.", ChainEnd.AWAY, "a.test.", 2, id="round and round"),
        pytest.param("a.test. CNAME x.example.\nx.example. A 192.0.2.1", ChainEnd.AWAY, "x.example.", 1, id="out of the zone"),
        pytest.param("a.test. CNAME x.example.\nx.example. CNAME b.test.\nb.test. A 192.0.2.1", ChainEnd.AWAY, "x.example.", 1, id="out and in again"),
        pytest.param("a.test. A 192.0.2.1\na.test. CNAME b.test.", ChainEnd.DATA, "a.test.", 1, id="data beside a link"),
        pytest.param("a.test. CNAME .", ChainEnd.AWAY, ".", 1, id="to the root"),
    ],
)  # fmt: skip
def test_the_chain_begins_at_the_question_and_ends_with_the_zone(answer, end, name, kept):
    chain = followed("a.test. A", "test.", answer)
    assert (chain.end, names.to_text(chain.name), len(chain.rrsets)) == (end, name, kept)
    assert chain.used == kept


def links(count):
    return "\n".join(f"n{i}.test. CNAME n{i + 1}.test." for i in range(count))


def test_links_are_bounded():
    chain = followed("n0.test. A", "test.", links(MAX_LINKS + 30))
    assert (chain.end, len(chain.rrsets)) == (ChainEnd.AWAY, MAX_LINKS + 1)


def test_as_many_links_as_are_followed_fit():
    answer = f"{links(MAX_LINKS)}\nn{MAX_LINKS}.test. A 192.0.2.1"
    assert followed("n0.test. A", "test.", answer).end is ChainEnd.DATA


def test_of_several_aliases_at_one_name_the_first_counts():
    chain = followed("a.test. A", "test.", "a.test. CNAME b.test.\na.test. CNAME c.test.")
    assert lines(chain.rrsets) == ["a.test. CNAME b.test."]
    assert names.to_text(chain.name) == "b.test."


def test_one_record_of_several_has_no_signatures():
    several = record("a.test. CNAME b.test.")
    several.signatures = (b"covers all of them",)
    assert the_one(several) is several
    several.rdatas += (b"\1c\0",)
    assert the_one(several).signatures == ()


@pytest.mark.parametrize(
    ("question", "answer", "kept"),
    [
        pytest.param("a.x.test. A", "x.test. DNAME y.test.", ["x.test. DNAME y.test.", "a.x.test. CNAME a.y.test."], id="its CNAME is made"),
        pytest.param("a.x.test. A", "x.test. DNAME y.test.\na.x.test. CNAME bank.example.", ["x.test. DNAME y.test.", "a.x.test. CNAME a.y.test."], id="whatever was sent"),
        pytest.param("a.x.test. A", "x.test. DNAME y.test.\na.y.test. A 192.0.2.1", ["x.test. DNAME y.test.", "a.x.test. CNAME a.y.test.", "a.y.test. A 192.0.2.1"], id="with data"),
        pytest.param("x.test. A", "x.test. DNAME y.test.", [], id="not at its own name"),
        pytest.param("x.test. DNAME", "x.test. DNAME y.test.", ["x.test. DNAME y.test."], id="asked for"),
        pytest.param("a.x.test. CNAME", "x.test. DNAME y.test.\na.x.test. CNAME a.y.test.\na.y.test. CNAME b.test.", ["x.test. DNAME y.test.", "a.x.test. CNAME a.y.test."], id="CNAME asked for"),
        pytest.param("a.x.test. A", "example. DNAME y.test.", [], id="above the zone or beside it"),
        pytest.param("a.x.test. A", ". DNAME y.test.", [], id="at the root"),
        pytest.param("ax.test. A", "x.test. DNAME y.test.", [], id="of a name that only ends alike"),
        pytest.param("a.x.test. A", "x.test. DNAME .", ["x.test. DNAME .", "a.x.test. CNAME a."], id="to the root"),
        pytest.param("a.b.x.test. A", "x.test. DNAME y.test.\nb.x.test. DNAME z.test.", ["b.x.test. DNAME z.test.", "a.b.x.test. CNAME a.z.test."], id="the closest"),
        pytest.param("a.test. A", "test. DNAME example.", ["test. DNAME example.", "a.test. CNAME a.example."], id="at the apex"),
    ],
)  # fmt: skip
def test_a_dname_redirects_what_lies_below_it(question, answer, kept):
    assert lines(followed(question, "test.", answer).rrsets) == kept


def test_a_dname_that_redirects_twice_is_kept_once():
    answer = "x.test. DNAME y.test.\na.y.test. CNAME b.x.test."
    chain = followed("a.x.test. A", "test.", answer)
    assert lines(chain.rrsets).count("x.test. DNAME y.test.") == 1
    assert names.to_text(chain.name) == "b.y.test."


def test_a_dname_and_its_cname_are_used():
    answer = "x.test. 60 DNAME y.test.\na.x.test. CNAME a.y.test."
    chain = followed("a.x.test. A", "test.", answer)
    assert chain.used == 2
    # RFC 6672 §3.1: the CNAME has the TTL of the DNAME.
    assert [each.ttl for each in chain.rrsets] == [60, 60]


@pytest.mark.parametrize(
    ("question", "answer", "end"),
    [
        ("a.x.test. A", "x.test. DNAME y.test.", ChainEnd.UNTRUSTED),
        ("a.x.test. A", "test. DNAME y.example.", ChainEnd.UNTRUSTED),
        ("x.test. DNAME", "x.test. DNAME y.test.", ChainEnd.UNTRUSTED),
        ("x.test. ANY", "x.test. DNAME y.test.\nx.test. A 192.0.2.1", ChainEnd.UNTRUSTED),
        ("b.test. A", "b.test. CNAME a.x.test.\nx.test. DNAME y.test.", ChainEnd.UNTRUSTED),
        # Those are not used, so that they do not matter.
        ("x.test. A", "x.test. DNAME y.test.\nx.test. A 192.0.2.1", ChainEnd.DATA),
        ("a.x.test. A", "z.test. DNAME y.test.\na.x.test. A 192.0.2.1", ChainEnd.DATA),
        ("a.x.test. A", "example. DNAME y.test.\na.x.test. CNAME b.test.", ChainEnd.OPEN),
    ],
)
def test_a_dname_needs_a_trusted_transport(question, answer, end):
    chain = followed(question, "test.", answer, trusted=False)
    assert chain.end is end
    if end is ChainEnd.UNTRUSTED:
        assert (chain.rrsets, names.to_text(chain.name)) == ([], question.split()[0])


def test_a_signature_does_not_make_a_dname_trusted():
    # It would, validated; that comes later, and a forger can write one as well.
    dname = record("x.test. DNAME y.test.")
    dname.signatures = (bytes(40),)
    asked = Asked(b"\1a\1x\4test\0", 1, b"\4test\0", trusted_transport=False, forwarder=False)
    assert follow([dname], asked).end is ChainEnd.UNTRUSTED


def test_a_dname_may_make_a_name_of_255_octets_and_not_more():
    for length, end in ((62, ChainEnd.OPEN), (63, ChainEnd.TOO_LONG)):
        # Length octets and labels: 3 of "aa", 3 of 61 octets, the last one, 6 of "test." and the root.
        target = ".".join(["c" * 60] * 3 + ["d" * length]) + ".test."
        chain = followed("aa.x.test. A", "test.", f"x.test. DNAME {target}")
        assert chain.end is end


def test_signatures_are_one_rrset_when_they_are_asked_for():
    signature = "A 13 2 300 20300101000000 20200101000000 1 test. AAAA"
    answer = f"a.test. 60 RRSIG {signature}\na.test. 50 RRSIG {signature.replace('A 13', 'TXT 13')}"
    chain = followed("a.test. RRSIG", "test.", answer)
    assert (chain.end, len(chain.rrsets), len(chain.rrsets[0].rdatas)) == (ChainEnd.DATA, 1, 2)
    assert chain.rrsets[0].ttl == 50


def test_a_chain_that_asks_for_ds_ends_at_the_apex():
    chain = followed("a.test. DS", "test.", "a.test. CNAME test.\ntest. DS 1 8 2 " + "00" * 32)
    assert (chain.end, names.to_text(chain.name), len(chain.rrsets)) == (ChainEnd.AWAY, "test.", 1)


def test_records_of_another_class_are_not_seen():
    answer = records("a.test. CH CNAME b.test.\nx.test. CH DNAME y.test.")
    for question in (b"\1a\4test\0", b"\1a\1x\4test\0"):
        asked = Asked(question, 1, b"\4test\0", trusted_transport=True, forwarder=False)
        chain = follow(answer, asked)
        assert (chain.end, chain.rrsets) == (ChainEnd.OPEN, [])


@pytest.mark.parametrize(("owner", "rrtype"), [(b"\1a\4test\0", 5), (b"\4test\0", 39)])
def test_a_target_in_any_letter_case_is_followed(owner, rrtype):
    alias = RRset(owner, rrtype, 60, (b"\1B\7ExAmPlE\0",))
    asked = Asked(b"\1a\4test\0", 1, b"\4test\0", trusted_transport=True, forwarder=False)
    assert follow([alias], asked).name.endswith(b"\1b\7example\0")
