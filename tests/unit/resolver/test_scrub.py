import pytest
from fakes.replies import lines, record, reply

from dnsd.resolver.scrub import MAX_DENIALS, Meaning, scrub
from dnsd.wire import names
from dnsd.wire.iana import rrtype_from_text
from dnsd.wire.message import AA, QR, RA, TC
from dnsd.wire.rrset import RRset

SOA = "example.test. SOA ns1.example.test. admin.example.test. 1 2 3 4 300"
EMPTY = {"chain": [], "proof": [], "servers": [], "addresses": {}, "ds": ()}


def scrubbed(question, zone, *, trusted=False, forwarder=False, flags=QR | AA, rcode=0, **sections):
    name, rrtype = question.split()
    return scrub(
        reply(question, flags=flags, rcode=rcode, **sections),
        names.from_text(name),
        rrtype_from_text(rrtype),
        names.from_text(zone),
        trusted_transport=trusted,
        forwarder=forwarder,
    )


def kept(found):
    """All that is kept of a reply, as text."""
    text = names.to_text
    return {
        "chain": lines(found.chain),
        "proof": lines(found.proof),
        "servers": [text(each) for each in found.servers],
        "addresses": {text(each): len(found.addresses[each]) for each in found.addresses},
        "ds": found.ds,
    }


def only(**fields):
    return EMPTY | fields


# What honest servers send.


def test_an_answer():
    found = scrubbed(
        "www.example.test. A", "example.test.",
        answer="www.example.test. 60 A 192.0.2.1\nwww.example.test. 60 A 192.0.2.2",
        authority="example.test. NS ns1.example.test.",
        additional="ns1.example.test. A 192.0.2.53",
    )  # fmt: skip
    assert found.meaning is Meaning.ANSWER
    assert found.authoritative
    assert names.to_text(found.end) == "www.example.test."
    chain = ["www.example.test. A 192.0.2.1", "www.example.test. A 192.0.2.2"]
    assert kept(found) == only(chain=chain)
    assert found.chain[0].ttl == 60
    assert found.dropped == 0


@pytest.mark.parametrize(
    ("question", "zone", "answer"),
    [
        ("example.test. NS", "example.test.", "example.test. NS ns1.example.test."),
        ("example.test. SOA", "example.test.", SOA),
        ("a.example.test. CNAME", "example.test.", "a.example.test. CNAME b.test."),
        ("a.example.test. DS", "example.test.", "a.example.test. DS 1 8 2 " + "00" * 32),
        (". NS", ".", ". NS a.root.test."),
        ("test. DS", ".", "test. DS 1 8 2 " + "00" * 32),
        ("www.child.test. A", "test.", "www.child.test. A 192.0.2.1"),
        ("a.test. TYPE65280", "test.", r"a.test. TYPE65280 \# 2 0102"),
    ],
)
def test_an_answer_of_any_type(question, zone, answer):
    found = scrubbed(question, zone, answer=answer)
    assert found.meaning is Meaning.ANSWER
    assert len(found.chain) == 1


def test_an_answer_without_authority_is_taken_and_said_to_be_so():
    found = scrubbed("a.test. A", "test.", flags=QR, answer="a.test. A 192.0.2.1")
    assert (found.meaning, found.authoritative) == (Meaning.ANSWER, False)


def test_the_answer_to_any_is_all_the_name_has():
    found = scrubbed(
        "a.test. ANY", "test.",
        answer='a.test. A 192.0.2.1\na.test. TXT "x"\nb.test. A 192.0.2.2\na.test. CH TXT "y"',
    )  # fmt: skip
    assert found.meaning is Meaning.ANSWER
    assert kept(found) == only(chain=["a.test. A 192.0.2.1", 'a.test. TXT "x"'])
    assert found.dropped == 2


def test_what_proves_a_wildcard_stays_with_the_answer():
    found = scrubbed(
        "a.test. A", "test.",
        answer="a.test. A 192.0.2.1", authority="0.test. NSEC b.test. A\nbank.example. NSEC c.example. A",
    )  # fmt: skip
    assert kept(found) == only(chain=["a.test. A 192.0.2.1"], proof=["0.test. NSEC b.test. A"])
    assert found.dropped == 1


@pytest.mark.parametrize(
    ("rcode", "meaning"), [(0, Meaning.NODATA), (3, Meaning.NXDOMAIN)], ids=["NODATA", "NXDOMAIN"]
)
class TestADenial:
    def test_has_the_soa_first_then_the_proof(self, rcode, meaning):
        found = scrubbed(
            "a.example.test. A", "example.test.", rcode=rcode,
            authority=f"0.example.test. NSEC b.example.test. A\n{SOA}",
        )  # fmt: skip
        assert found.meaning is meaning
        assert names.to_text(found.end) == "a.example.test."
        proof = [SOA, "0.example.test. NSEC b.example.test. A"]
        assert kept(found) == only(proof=proof)
        assert found.dropped == 0

    def test_may_come_from_a_zone_further_down(self, rcode, meaning):
        found = scrubbed("a.example.test. A", "test.", rcode=rcode, authority=SOA)
        assert (found.meaning, len(found.proof)) == (meaning, 1)

    def test_without_soa_needs_authority_and_proves_nothing(self, rcode, meaning):
        ask = ("a.example.test. A", "example.test.")
        assert scrubbed(*ask, rcode=rcode).meaning is meaning
        assert kept(scrubbed(*ask, rcode=rcode)) == EMPTY
        assert scrubbed(*ask, rcode=rcode, flags=QR).meaning is Meaning.LAME

    def test_may_have_the_zones_ns_instead_of_an_soa(self, rcode, meaning):
        authority = "example.test. NS ns1.example.test."
        found = scrubbed("a.example.test. A", "example.test.", rcode=rcode, authority=authority)
        assert found.meaning is meaning
        assert kept(found) == EMPTY

    @pytest.mark.parametrize(
        "soa",
        [
            pytest.param("test.", id="of the zone's parent"),
            pytest.param("bank.example.", id="of another zone"),
            pytest.param("b.example.test.", id="of a zone that is no ancestor of the name"),
            pytest.param("a.a.example.test.", id="of a zone below the name"),
            pytest.param("ple.test.", id="of a name that only ends alike"),
            pytest.param(".", id="of the root"),
        ],
    )
    def test_with_the_soa_of_a_zone_that_cannot_deny_is_none(self, rcode, meaning, soa):
        authority = (
            f"0.example.test. NSEC b.example.test. A\n"
            f"{soa} SOA ns1.test. admin.test. 1 2 3 4 300\n{soa} NS ns.bank.example."
        )
        found = scrubbed("a.example.test. A", "example.test.", rcode=rcode, authority=authority)
        assert found.meaning is Meaning.LAME
        assert kept(found) == EMPTY

    def test_takes_the_soa_that_can_deny_of_several(self, rcode, meaning):
        authority = f"bank.example. SOA a. b. 1 2 3 4 5\n{SOA}"
        found = scrubbed("a.example.test. A", "example.test.", rcode=rcode, authority=authority)
        assert found.meaning is meaning
        assert kept(found) == only(proof=[SOA])

    def test_with_an_soa_of_another_class_has_none(self, rcode, meaning):
        authority = SOA.replace(" SOA", " CH SOA")
        found = scrubbed("a.example.test. A", "example.test.", rcode=rcode, authority=authority)
        assert kept(found) == EMPTY
        assert found.dropped == 1

    def test_keeps_few_records_of_its_proof(self, rcode, meaning):
        nsec = "\n".join(f"{i}.example.test. NSEC b.example.test. A" for i in range(40))
        ask = ("a.example.test. A", "example.test.")
        assert len(scrubbed(*ask, rcode=rcode, authority=f"{SOA}\n{nsec}").proof) == 1 + MAX_DENIALS
        some = "\n".join(nsec.splitlines()[:4])
        assert len(scrubbed(*ask, rcode=rcode, authority=f"{some}\n{SOA}").proof) == 5

    def test_of_an_alias_speaks_of_its_target(self, rcode, meaning):
        found = scrubbed(
            "a.example.test. A", "example.test.", rcode=rcode,
            answer="a.example.test. CNAME b.example.test.", authority=SOA,
        )  # fmt: skip
        assert (found.meaning, names.to_text(found.end)) == (meaning, "b.example.test.")
        assert kept(found) == only(chain=["a.example.test. CNAME b.example.test."], proof=[SOA])

    def test_of_an_alias_that_leads_away_is_not_heard(self, rcode, meaning):
        found = scrubbed(
            "a.example.test. A", "example.test.", rcode=rcode,
            answer="a.example.test. CNAME www.bank.example.",
            authority=f"{SOA}\nbank.example. SOA a. b. 1 2 3 4 5",
        )  # fmt: skip
        assert (found.meaning, names.to_text(found.end)) == (Meaning.ALIAS, "www.bank.example.")
        assert found.proof == []

    @pytest.mark.parametrize("authority", ["", "test. SOA a. b. 1 2 3 4 5"])
    def test_of_an_alias_without_a_good_soa_is_asked_for_again(self, rcode, meaning, authority):
        answer = "a.example.test. CNAME b.example.test."
        found = scrubbed(
            "a.example.test. A", "example.test.", rcode=rcode, answer=answer, authority=authority
        )
        assert (found.meaning, names.to_text(found.end)) == (Meaning.ALIAS, "b.example.test.")
        assert kept(found) == only(chain=[answer])


def test_a_loop_of_aliases_is_not_denied():
    answer = "a.test. CNAME b.test.\nb.test. CNAME a.test."
    found = scrubbed("a.test. A", "test.", answer=answer, authority="test. SOA a. b. 1 2 3 4 5")
    assert (found.meaning, names.to_text(found.end)) == (Meaning.ALIAS, "a.test.")


def test_a_name_that_does_not_exist_does_so_whatever_ns_records_come_along():
    authority = "bank.example. NS ns.attacker.test."
    found = scrubbed("a.test. A", "test.", rcode=3, authority=authority)
    assert (found.meaning, found.dropped) == (Meaning.NXDOMAIN, 1)
    assert kept(found) == EMPTY


REFERRAL = {
    "authority": """
        child.test. 7200 NS ns1.child.test.
        child.test. 7200 NS ns2.sister.test.
        child.test. 7200 NS ns.bank.example.
        child.test. 3600 DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000""",
    "additional": """
        ns1.child.test. AAAA 2001:db8::1
        ns1.child.test. A 192.0.2.1
        ns2.sister.test. A 192.0.2.2
        ns.bank.example. A 203.0.113.66
        www.child.test. A 203.0.113.66""",
}


@pytest.mark.parametrize("flags", [QR, QR | AA, QR | RA], ids=["", "AA", "RA"])
@pytest.mark.parametrize("name", ["www.child.test.", "child.test.", "a.b.c.child.test."])
def test_a_referral(name, flags):
    found = scrubbed(f"{name} A", "test.", flags=flags, **REFERRAL)
    assert found.meaning is Meaning.REFERRAL
    assert names.to_text(found.cut) == "child.test."
    assert found.ttl == 3600
    assert found.chain == []
    assert kept(found)["servers"] == ["ns1.child.test.", "ns2.sister.test.", "ns.bank.example."]
    assert found.addresses == {
        names.from_text("ns1.child.test."): (
            bytes([192, 0, 2, 1]), bytes.fromhex("20010db8000000000000000000000001")
        ),
        names.from_text("ns2.sister.test."): (bytes([192, 0, 2, 2]),),
    }  # fmt: skip
    assert len(found.ds) == 1
    assert lines(found.proof) == ["child.test. DS 1 8 2 " + "00" * 32]
    # The address of a server elsewhere, and that of no server.
    assert found.dropped == 2


def test_a_referral_to_servers_without_addresses():
    found = scrubbed(
        "www.child.test. A", "test.", flags=QR, authority="child.test. NS ns.bank.example."
    )
    assert found.meaning is Meaning.REFERRAL
    assert found.addresses == {}


def test_a_referral_with_the_proof_that_its_child_is_not_signed():
    authority = "child.test. NS ns1.child.test.\nchild.test. NSEC d.test. NS"
    found = scrubbed("www.child.test. A", "test.", flags=QR, authority=authority)
    assert (found.meaning, lines(found.proof)) == (
        Meaning.REFERRAL,
        ["child.test. NSEC d.test. NS"],
    )


@pytest.mark.parametrize(("ns_ttl", "ds_ttl", "ttl"), [(60, 90, 60), (90, 60, 60)])
def test_a_referral_lives_as_long_as_all_of_it(ns_ttl, ds_ttl, ttl):
    digest = "1 8 2 " + "00" * 32
    authority = f"child.test. {ns_ttl} NS ns.child.test.\nchild.test. {ds_ttl} DS {digest}"
    found = scrubbed("www.child.test. A", "test.", flags=QR, authority=authority)
    assert (found.ttl, len(found.ds)) == (ttl, 1)


@pytest.mark.parametrize("ds", ["child.test. CH DS", "www.child.test. DS", "sister.test. DS"])
def test_the_ds_of_a_referral_is_that_of_its_cut(ds):
    authority = f"child.test. NS ns.child.test.\n{ds} 1 8 2 " + "00" * 32
    found = scrubbed("www.child.test. A", "test.", flags=QR, authority=authority)
    assert (found.meaning, found.ds, found.proof) == (Meaning.REFERRAL, (), [])


def test_names_of_servers_are_in_canonical_form_and_each_once():
    message = reply("www.child.test. A", flags=QR)
    message.authority = [record("child.test. NS x.")]
    message.authority[0].rdatas = (b"\2NS\4teST\0", b"\2ns\4test\0", b"\0", b"\3ns2\4test\0")
    found = scrub(message, b"\3www\5child\4test\0", 1, b"\4test\0", trusted_transport=False)
    assert found.servers == (b"\2ns\4test\0", b"\3ns2\4test\0")


def test_of_several_cuts_the_highest_counts():
    authority = "a.b.test. NS ns.a.b.test.\nb.test. NS ns.b.test.\nc.test. NS ns.c.test."
    found = scrubbed("x.a.b.test. A", "test.", flags=QR, authority=authority)
    assert (names.to_text(found.cut), kept(found)["servers"]) == ("b.test.", ["ns.b.test."])


def test_a_referral_in_answer_to_ds_does_not_lead_to_the_child():
    found = scrubbed("child.test. DS", "test.", flags=QR, **REFERRAL)
    assert found.meaning is Meaning.NODATA
    assert kept(found) == EMPTY
    deeper = scrubbed("a.child.test. DS", "test.", flags=QR, **REFERRAL)
    assert deeper.meaning is Meaning.REFERRAL


# What must not be believed. The sender serves attacker.test, or what is said.

VICTIM = "www.bank.example. A 203.0.113.66"
PROMISCUOUS = {
    "its own zone": "attacker.test. NS ns.attacker.test.",
    "another zone": "bank.example. NS ns.attacker.test.",
    "a sibling zone": "victim.test. NS ns.attacker.test.",
    "its parent": "test. NS ns.attacker.test.",
    "the root": ". NS ns.attacker.test.",
    "a zone that only ends alike": "tacker.test. NS ns.attacker.test.",
    "a zone below it": "www.attacker.test. NS ns.attacker.test.",
    "a zone beside the name": "b.attacker.test. NS ns.attacker.test.",
}
GLUE = "ns.attacker.test. A 203.0.113.66\nns1.bank.example. A 203.0.113.66\n" + VICTIM
REPLIES = {
    "an answer": {"answer": "www.attacker.test. A 192.0.2.1"},
    "an alias": {"answer": "www.attacker.test. CNAME a.attacker.test."},
    "NODATA": {"soa": "attacker.test. SOA a. b. 1 2 3 4 5"},
    "NXDOMAIN": {"rcode": 3, "soa": "attacker.test. SOA a. b. 1 2 3 4 5"},
    "NXDOMAIN without SOA": {"rcode": 3},
    "YXDOMAIN": {"rcode": 6},
    "SERVFAIL": {"rcode": 2},
    "REFUSED": {"rcode": 5},
    "an answer to another question": {"answer": VICTIM},
}


@pytest.mark.parametrize("ns", PROMISCUOUS.values(), ids=PROMISCUOUS.keys())
@pytest.mark.parametrize("rest", REPLIES.values(), ids=REPLIES.keys())
@pytest.mark.parametrize("trusted", [False, True], ids=["UDP", "TCP"])
def test_ns_records_beside_anything_but_a_referral_are_left_alone(ns, rest, trusted):
    sections = {key: value for key, value in rest.items() if key in ("answer", "rcode")}
    authority = "\n".join((rest.get("soa", ""), ns))
    found = scrubbed(
        "www.attacker.test. A", "attacker.test.",
        trusted=trusted, authority=authority, additional=GLUE, **sections,
    )  # fmt: skip
    assert found.meaning is not Meaning.REFERRAL
    assert (found.cut, found.servers, found.addresses, found.ds) == (b"", (), {}, ())
    assert {each.type for each in (*found.chain, *found.proof)} <= {1, 5, 6}
    assert all(b"attacker" in each.owner for each in (*found.chain, *found.proof))


@pytest.mark.parametrize(
    ("ns", "meaning"),
    [
        pytest.param("attacker.test.", Meaning.NODATA, id="its own zone, with authority"),
        pytest.param("test.", Meaning.LAME, id="upwards"),
        pytest.param(".", Meaning.LAME, id="to the root"),
        pytest.param("bank.example.", Meaning.LAME, id="to another zone"),
        pytest.param("victim.test.", Meaning.LAME, id="sideways"),
        pytest.param("b.attacker.test.", Meaning.LAME, id="beside the name"),
        pytest.param("x.www.attacker.test.", Meaning.LAME, id="below the name"),
        pytest.param("tacker.test.", Meaning.LAME, id="to a name that only ends alike"),
    ],
)
def test_a_referral_leads_down_to_the_name_or_is_none(ns, meaning):
    found = scrubbed(
        "www.attacker.test. A", "attacker.test.",
        authority=f"{ns} NS ns.attacker.test.", additional=GLUE,
    )  # fmt: skip
    assert found.meaning is meaning
    assert kept(found) == EMPTY


def test_a_server_that_refers_to_its_own_zone_without_authority_is_lame():
    authority = "attacker.test. NS ns.attacker.test."
    found = scrubbed("www.attacker.test. A", "attacker.test.", flags=QR, authority=authority)
    assert found.meaning is Meaning.LAME


def test_a_good_referral_does_not_bring_others_along():
    found = scrubbed(
        "www.child.test. A", "test.", flags=QR,
        authority="bank.example. NS ns.attacker.test.\nchild.test. NS ns.child.test.\ntest. NS ns.attacker.test.\nbank.example. DS 1 8 2 " + "00" * 32,
        additional="ns.child.test. A 192.0.2.1\n" + GLUE,
    )  # fmt: skip
    assert names.to_text(found.cut) == "child.test."
    assert kept(found) == only(servers=["ns.child.test."], addresses={"ns.child.test.": 1})


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param({"answer": VICTIM}, id="with an answer to something else"),
        pytest.param(
            {"answer": "www.child.test. CH A 192.0.2.1"}, id="with an answer of another class"
        ),
        pytest.param({"rcode": 3}, id="with NXDOMAIN"),
        pytest.param({"rcode": 6}, id="with YXDOMAIN"),
        pytest.param({"rcode": 2}, id="with SERVFAIL"),
        pytest.param({"soa": "test. SOA a. b. 1 2 3 4 5"}, id="with an SOA"),
        pytest.param(
            {"soa": "bank.example. SOA a. b. 1 2 3 4 5"}, id="with an SOA of another zone"
        ),
        pytest.param({"flags": QR | TC}, id="truncated"),
        pytest.param({"forwarder": True}, id="from a forwarder"),
    ],
)
def test_what_looks_like_a_referral_is_none(sections):
    sections = dict(sections)
    authority = "child.test. NS ns.child.test.\n" + sections.pop("soa", "")
    found = scrubbed("www.child.test. A", "test.", authority=authority, additional=GLUE, **sections)
    assert found.meaning is not Meaning.REFERRAL
    assert (found.cut, found.servers, found.addresses) == (b"", (), {})


@pytest.mark.parametrize(
    "authority",
    [
        pytest.param("www.child.test. MX 1 www.bank.test.", id="of an MX in the authority section"),
        pytest.param("child.test. CNAME www.bank.test.", id="of a CNAME"),
        pytest.param("child.test. SRV 1 1 1 www.bank.test.", id="of an SRV"),
        pytest.param("child.test. PTR www.bank.test.", id="of a PTR"),
        pytest.param("child.test. CH NS www.bank.test.", id="of NS of another class"),
        pytest.param("sister.test. NS www.bank.test.", id="of NS of another zone"),
    ],
)
@pytest.mark.parametrize("with_ns", [False, True])
def test_addresses_are_of_the_referrals_servers_only(authority, with_ns):
    ns = "\nchild.test. NS ns.child.test." if with_ns else ""
    found = scrubbed(
        "www.child.test. A", "test.", flags=QR,
        authority=authority + ns, additional="www.bank.test. A 203.0.113.66",
    )  # fmt: skip
    assert found.addresses == {}
    assert found.chain == []
    assert (found.meaning is Meaning.REFERRAL) == with_ns


@pytest.mark.parametrize(
    "section", ["answer", "authority"], ids=["in the answer", "in the authority section"]
)
def test_addresses_of_servers_elsewhere_in_the_reply_do_not_count(section):
    sections = {"authority": "child.test. NS ns.child.test."}
    sections[section] = sections.get(section, "") + "\nns.child.test. A 203.0.113.66"
    assert scrubbed("www.child.test. A", "test.", flags=QR, **sections).addresses == {}


def test_an_address_of_another_class_does_not_count():
    authority = "child.test. NS ns.child.test."
    additional = r"ns.child.test. CH A \# 4 cb007142"
    found = scrubbed(
        "www.child.test. A", "test.", flags=QR, authority=authority, additional=additional
    )
    assert (found.addresses, found.dropped) == ({}, 1)


def test_glue_of_a_server_named_as_a_victim_is_never_an_answer():
    # The victim's own name as server of an attacker's zone, with a wrong address.
    found = scrubbed(
        "a.attacker.test. A", "test.", flags=QR,
        authority="attacker.test. NS www.victim.test.\nattacker.test. NS attacker.test.",
        additional="www.victim.test. A 203.0.113.66\nattacker.test. A 203.0.113.66",
    )  # fmt: skip
    assert found.meaning is Meaning.REFERRAL
    assert (found.chain, found.proof) == ([], [])
    # From the attacker's own servers not even that.
    found = scrubbed(
        "a.b.attacker.test. A", "attacker.test.", flags=QR,
        authority="b.attacker.test. NS www.victim.test.",
        additional="www.victim.test. A 203.0.113.66",
    )  # fmt: skip
    assert (found.meaning, found.addresses, found.dropped) == (Meaning.REFERRAL, {}, 1)


def test_the_child_cannot_make_its_own_delegation_last():
    for flags in (QR, QR | AA):
        for question in ("child.test. NS", "www.child.test. A", "child.test. A"):
            found = scrubbed(
                question, "child.test.", flags=flags,
                authority="child.test. 86400 NS ns.child.test.",
                additional="ns.child.test. 86400 A 192.0.2.1",
            )  # fmt: skip
            assert (found.cut, found.servers, found.addresses) == (b"", (), {})
    # Its NS RRset is an answer like others, and kept where answers are.
    found = scrubbed("child.test. NS", "child.test.", answer="child.test. NS ns.child.test.")
    assert (found.meaning, found.servers) == (Meaning.ANSWER, ())


@pytest.mark.parametrize(
    ("answer", "chain", "end"),
    [
        pytest.param(
            "a.attacker.test. CNAME www.bank.example.\n" + VICTIM,
            ["a.attacker.test. CNAME www.bank.example."], "www.bank.example.",
            id="to a name elsewhere, and its address",
        ),
        pytest.param(
            "a.attacker.test. CNAME b.attacker.test.\nb.attacker.test. CNAME www.bank.example.\n"
            "www.bank.example. CNAME c.attacker.test.\nc.attacker.test. A 192.0.2.1",
            ["a.attacker.test. CNAME b.attacker.test.", "b.attacker.test. CNAME www.bank.example."],
            "www.bank.example.",
            id="out and in again",
        ),
        pytest.param(
            "a.attacker.test. CNAME test.\ntest. A 203.0.113.66",
            ["a.attacker.test. CNAME test."], "test.", id="to its parent",
        ),
    ],
)  # fmt: skip
def test_an_alias_that_leads_away_is_followed_elsewhere(answer, chain, end):
    found = scrubbed("a.attacker.test. A", "attacker.test.", answer=answer)
    assert (found.meaning, names.to_text(found.end)) == (Meaning.ALIAS, end)
    assert kept(found) == only(chain=chain)
    assert found.dropped > 0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(VICTIM, id="another name"),
        pytest.param("attacker.test. A 203.0.113.66", id="the apex"),
        pytest.param("a.attacker.test. AAAA 2001:db8::1", id="another type"),
        pytest.param(r"a.attacker.test. CH A \# 4 cb007142", id="another class"),
        pytest.param("b.attacker.test. CNAME a.attacker.test.", id="an alias to the name"),
        pytest.param("*.attacker.test. A 203.0.113.66", id="a wildcard"),
    ],
)
def test_an_answer_to_another_question_is_none(answer):
    found = scrubbed("a.attacker.test. A", "attacker.test.", answer=answer)
    assert found.meaning is Meaning.ERROR
    assert kept(found) == EMPTY
    assert found.dropped == 1


@pytest.mark.parametrize(
    ("question", "zone"),
    [
        pytest.param("www.bank.example. A", "attacker.test.", id="a name elsewhere"),
        pytest.param("test. A", "attacker.test.", id="its parent"),
        pytest.param("xattacker.test. A", "attacker.test.", id="a name that only ends alike"),
        pytest.param("attacker.test. DS", "attacker.test.", id="its own DS"),
    ],
)
def test_a_server_that_was_asked_for_what_it_does_not_serve_is_lame(question, zone):
    answer = VICTIM + "\nattacker.test. DS 1 8 2 " + "00" * 32
    found = scrubbed(question, zone, trusted=True, answer=answer)
    assert found.meaning is Meaning.LAME
    assert kept(found) == EMPTY


def test_a_zone_does_not_deny_its_own_ds():
    soa = "child.test. SOA a. b. 1 2 3 4 5"
    assert scrubbed("child.test. DS", "test.", authority=soa).meaning is Meaning.LAME
    soa = "test. SOA a. b. 1 2 3 4 5"
    assert scrubbed("child.test. DS", "test.", authority=soa).meaning is Meaning.NODATA
    soa = ". SOA a. b. 1 2 3 4 5"
    assert scrubbed(". DS", ".", authority=soa).meaning is Meaning.NODATA


DNAME = "attacker.test. DNAME bank.example.\na.attacker.test. CNAME a.bank.example."


def test_a_dname_over_udp_asks_for_tcp_and_leaves_nothing():
    found = scrubbed("a.attacker.test. A", "attacker.test.", answer=DNAME)
    assert (found.meaning, found.wants_tcp) == (Meaning.ERROR, True)
    assert kept(found) == EMPTY
    assert names.to_text(found.end) == "a.attacker.test."


def test_a_dname_over_tcp_is_an_alias():
    found = scrubbed("a.attacker.test. A", "attacker.test.", trusted=True, answer=DNAME)
    assert (found.meaning, names.to_text(found.end)) == (Meaning.ALIAS, "a.bank.example.")
    assert kept(found) == only(chain=DNAME.splitlines())
    assert not found.wants_tcp


TOO_LONG = "a" * 63 + "." + "b" * 63 + ".test."
LENGTHENS = f"{'b' * 63}.test. DNAME " + ".".join("c" * 63 for _ in range(3)) + "."


@pytest.mark.parametrize("rcode", [0, 3, 6])
def test_a_dname_that_makes_too_long_a_name_is_kept_with_yxdomain(rcode):
    found = scrubbed(f"{TOO_LONG} A", "test.", trusted=True, answer=LENGTHENS, rcode=rcode)
    assert (found.meaning, found.rcode) == (Meaning.YXDOMAIN, 6)
    assert kept(found) == only(chain=[LENGTHENS])


def test_a_dname_that_makes_too_long_a_name_is_asked_for_over_tcp():
    found = scrubbed(f"{TOO_LONG} A", "test.", answer=LENGTHENS, rcode=6)
    assert (found.meaning, found.wants_tcp) == (Meaning.ERROR, True)
    assert kept(found) == EMPTY


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("", id="nothing"),
        pytest.param("b.test. DNAME c.test.", id="a DNAME of another name"),
        pytest.param("test. DNAME example.", id="a DNAME that makes no long name"),
        pytest.param(f"{TOO_LONG} A 192.0.2.1", id="data"),
    ],
)
def test_yxdomain_is_not_believed_without_the_dname_that_shows_it(answer):
    found = scrubbed(f"{TOO_LONG} A", "test.", trusted=True, answer=answer, rcode=6)
    assert (found.meaning, found.wants_tcp) == (Meaning.ERROR, False)
    assert kept(found) == EMPTY


# What the sender is.


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param({"answer": "a.test. A 192.0.2.1"}, id="an answer"),
        pytest.param({"answer": "a.test. CNAME b.test."}, id="an alias"),
        pytest.param({"authority": "test. SOA a. b. 1 2 3 4 5"}, id="NODATA"),
        pytest.param({"authority": "test. SOA a. b. 1 2 3 4 5", "rcode": 3}, id="NXDOMAIN"),
    ],
)
def test_a_server_that_answers_from_a_cache_is_lame(sections):
    found = scrubbed("a.test. A", "test.", flags=QR | RA, **sections)
    assert found.meaning is Meaning.LAME
    assert kept(found) == EMPTY
    assert (
        scrubbed("a.test. A", "test.", flags=QR | RA | AA, **sections).meaning is not Meaning.LAME
    )
    assert scrubbed("a.test. A", "test.", flags=QR, **sections).meaning is not Meaning.LAME


@pytest.mark.parametrize("rcode", [1, 2, 4, 5, 6, 9, 11])
def test_an_error_says_nothing_else(rcode):
    found = scrubbed(
        "a.test. A", "test.", trusted=True, rcode=rcode,
        answer="a.test. A 192.0.2.1", authority="test. SOA a. b. 1 2 3 4 5",
    )  # fmt: skip
    assert (found.meaning, found.rcode) == (Meaning.ERROR, rcode)
    assert kept(found) == EMPTY


def test_a_truncated_reply_is_not_used():
    found = scrubbed("a.test. A", "test.", flags=QR | AA | TC, answer="a.test. A 192.0.2.1")
    assert (found.meaning, found.wants_tcp) == (Meaning.ERROR, True)
    assert kept(found) == EMPTY


# What a forwarder may say, for the zone that is forwarded to it.


@pytest.mark.parametrize("flags", [QR, QR | RA, QR | AA])
def test_a_forwarder_needs_no_authority(flags):
    ask = ("www.corp.example. A", "corp.example.")
    answer = "www.corp.example. A 192.0.2.1"
    found = scrubbed(*ask, forwarder=True, flags=flags, answer=answer)
    assert (found.meaning, lines(found.chain)) == (Meaning.ANSWER, [answer])
    assert scrubbed(*ask, forwarder=True, flags=flags).meaning is Meaning.NODATA
    assert scrubbed(*ask, forwarder=True, flags=flags, rcode=3).meaning is Meaning.NXDOMAIN


@pytest.mark.parametrize(
    "ns", ["example.", ".", "corp.example.", "www.corp.example.", "bank.example.", "com."]
)
def test_a_forwarder_tells_nothing_of_servers(ns):
    ask = ("www.corp.example. A", "corp.example.")
    sections = {
        "authority": f"{ns} NS ns.corp.example.",
        "additional": "ns.corp.example. A 192.0.2.66",
    }
    found = scrubbed(*ask, forwarder=True, flags=QR | RA, **sections)
    assert found.meaning is Meaning.LAME
    assert kept(found) == EMPTY
    answer = "www.corp.example. A 192.0.2.1"
    found = scrubbed(*ask, forwarder=True, flags=QR | RA, answer=answer, **sections)
    assert kept(found) == only(chain=[answer])


def test_a_forwarder_tells_nothing_of_names_above_its_zone():
    found = scrubbed(
        "www.corp.example. A", "corp.example.", forwarder=True, trusted=True, flags=QR | RA,
        answer="www.corp.example. CNAME www.bank.example.\nexample. DNAME attacker.test.\n" + VICTIM,
    )  # fmt: skip
    assert (found.meaning, names.to_text(found.end)) == (Meaning.ALIAS, "www.bank.example.")
    assert kept(found) == only(chain=["www.corp.example. CNAME www.bank.example."])
    found = scrubbed(
        "www.corp.example. A", "corp.example.", forwarder=True, trusted=True, flags=QR | RA,
        answer="example. DNAME attacker.test.\nwww.corp.example. CNAME www.corp.attacker.test.",
    )  # fmt: skip
    assert kept(found) == only(chain=["www.corp.example. CNAME www.corp.attacker.test."])


def test_a_forwarders_denial_from_above_its_zone_is_heard_and_proves_nothing():
    found = scrubbed(
        "www.corp.example. A", "corp.example.", forwarder=True, flags=QR | RA, rcode=3,
        authority="example. SOA a. b. 1 2 3 4 5\nexample. NSEC z.example. NS",
    )  # fmt: skip
    assert found.meaning is Meaning.NXDOMAIN
    assert kept(found) == EMPTY


def test_a_forwarder_knows_the_ds_of_its_zone():
    answer = "corp.example. DS 1 8 2 " + "00" * 32
    found = scrubbed(
        "corp.example. DS", "corp.example.", forwarder=True, flags=QR | RA, answer=answer
    )
    assert (found.meaning, lines(found.chain)) == (Meaning.ANSWER, [answer])


# Messages as no reader makes them.


def test_of_duplicated_rrsets_the_first_counts():
    message = reply("a.test. A")
    message.answer = [record("a.test. A 192.0.2.1"), record("a.test. A 203.0.113.66")]
    found = scrub(message, b"\1a\4test\0", 1, b"\4test\0", trusted_transport=True)
    assert lines(found.chain) == ["a.test. A 192.0.2.1"]
    assert found.dropped == 1


def test_large_rrsets_are_reported_as_they_are():
    message = reply("a.test. TXT")
    message.answer = [
        RRset(b"\1a\4test\0", 16, 60, tuple(b"\1%c" % (i % 256) for i in range(4000)))
    ]
    found = scrub(message, b"\1a\4test\0", 16, b"\4test\0", trusted_transport=True)
    assert found.chain == message.answer
