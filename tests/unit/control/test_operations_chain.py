"""Chains of trust as they are told, in a signed Internet."""

from dataclasses import replace

import pytest
from fakes.bank_internet import ADDRESSES, BANK, bank_internet
from fakes.signed_internet import NOW, SignedZone, key_of

from dnsd.control.operations_trace import TraceOperations
from dnsd.dnssec import digests
from dnsd.dnssec.signing import Validity
from dnsd.wire import names
from dnsd.wire.message import parse_query

N = names.from_text
A, DS = 1, 43
ROOT, TEST, BANK_KEY = (key_of(each).key.tag for each in (".", "test.", "bank.test."))


@pytest.fixture
def chain():
    """Finds a chain in a signed Internet that may be changed."""

    def chain(name, rrtype=A, *, change=lambda _made: None, **how):
        made = bank_internet(**how)
        change(made)
        ended, faults, found = [], [], []
        operations = TraceOperations(lambda: made.asker.world, ended.append, faults.append)
        operations.chain(N(name), rrtype).addCallback(found.append)
        made.asker.internet.run_while(lambda: not found)
        assert (len(ended), faults) == (1, [])
        return found[0]

    return chain


def signature(zone, tag):
    return {"zone": zone, "key_tag": tag, "algorithm": "ED25519", "expires_s": 86_400}


def test_a_secure_answer_from_the_anchor_down(chain):
    found = chain("www.bank.test.")
    assert (found["status"], found["rcode"], found["reason"]) == ("secure", "NOERROR", "")
    assert found["answer"] == ["www.bank.test. 300 A 192.0.2.80"]
    assert found["anchors"] == ["."]
    assert [link["zone"] for link in found["links"]] == [".", "test.", "bank.test."]
    assert [link["status"] for link in found["links"]] == ["secure"] * 3
    root, test, bank = found["links"]
    assert (root["anchor"], root["ds_signature"]) == (True, None)
    assert root["keys_signature"] == signature(".", ROOT)
    assert (test["anchor"], test["ds_signature"]) == (False, signature(".", ROOT))
    assert bank["ds_signature"] == signature("test.", TEST)
    assert bank["keys"] == [{"key_tag": BANK_KEY, "algorithm": "ED25519", "vouched_for": True}]
    (ds,) = bank["ds"]
    assert (ds["key_tag"], ds["digest_type"], ds["vouches"]) == (BANK_KEY, "SHA256", True)
    assert ds["digest"] == key_of("bank.test.").ds(N("bank.test."))[4:].hex()
    assert found["signed"] == [
        {"name": "www.bank.test.", "type": "A", "wildcard": "",
         "signature": signature("bank.test.", BANK_KEY)},
    ]  # fmt: skip
    assert (found["ends"], found["broken"], found["reason_code"]) == ([], None, None)


def test_a_wildcard_and_the_proof_that_nothing_is_closer(chain):
    found = chain("x.wild.bank.test.")
    assert [(each["name"], each["type"], each["wildcard"]) for each in found["signed"]] == [
        ("x.wild.bank.test.", "A", "*.wild.bank.test."),
        ("*.wild.bank.test.", "NSEC", ""),
    ]


def test_a_denial_is_signed_too(chain):
    found = chain("nobody.bank.test.")
    assert (found["status"], found["rcode"], found["answer"]) == ("secure", "NXDOMAIN", [])
    assert {each["type"] for each in found["signed"]} == {"SOA", "NSEC"}


def test_where_signing_ends(chain):
    found = chain("www.shop.test.")
    assert found["status"] == "insecure"
    assert [link["zone"] for link in found["links"]] == [".", "test."]
    assert found["ends"] == [
        {"name": "shop.test.", "zone": "test.", "proof": "NSEC", "reason": ""}
    ]  # fmt: skip
    assert found["signed"] == []


def test_an_alias_that_leads_to_what_is_not_signed(chain):
    found = chain("away.bank.test.")
    assert found["status"] == "insecure"
    assert [link["zone"] for link in found["links"]] == [".", "test.", "bank.test."]
    assert [end["name"] for end in found["ends"]] == ["shop.test."]
    assert [each["name"] for each in found["signed"]] == ["away.bank.test."]


OLD = Validity(NOW - 20_000, NOW - 10_800)


def test_an_expired_signature_of_the_answer(chain):
    found = chain("www.bank.test.", bank=SignedZone("bank.test.", BANK, validity=OLD))
    assert (found["status"], found["rcode"], found["answer"]) == ("bogus", "SERVFAIL", [])
    assert (found["reason_code"], found["reason"]) == (
        7, f"RRSIG by key {BANK_KEY} expired 3 h ago",
    )  # fmt: skip
    assert found["broken"] == {"name": "bank.test.", "type": "DNSKEY"}
    bank = found["links"][-1]
    assert (bank["zone"], bank["status"], bank["reason"]) == (
        "bank.test.", "bogus", f"RRSIG by key {BANK_KEY} expired 3 h ago",
    )  # fmt: skip
    assert bank["keys_signature"] is None


def test_a_ds_that_no_key_matches(chain):
    other = SignedZone("bank.test.", BANK, key=key_of("bank.test.", 1))
    found = chain("www.bank.test.", bank=other, children=[SignedZone("bank.test.", BANK)])
    assert (found["status"], found["reason_code"]) == ("bogus", 9)
    assert found["reason"] == "DS at the parent matches no DNSKEY"
    assert [(link["zone"], link["status"]) for link in found["links"]] == [
        (".", "secure"), ("test.", "secure"), ("bank.test.", "bogus"),
    ]  # fmt: skip
    bank = found["links"][-1]
    assert [ds["vouches"] for ds in bank["ds"]] == [False]
    assert [key["vouched_for"] for key in bank["keys"]] == [False]


def test_a_forged_address_is_where_it_breaks(chain):
    def forge(_qname, qtype, found):
        changed = [replace(each, rdatas=(b"\6\6\6\6",)) for each in found.answer]
        return replace(found, answer=changed) if qtype == A else found

    found = chain(
        "www.bank.test.", change=lambda made: setattr(made.servers["bank"], "tamper", forge)
    )
    assert found["status"] == "bogus"
    assert found["broken"] == {"name": "www.bank.test.", "type": "A"}
    assert found["links"][-1]["status"] == "secure"
    assert found["reason"] == f"RRSIG by key {BANK_KEY} does not match the A records"


def tampering(server, change):
    """Changes every RRset that one server sends; None leaves one out."""

    def tamper(_qname, _qtype, found):
        sections = [[new for each in section if (new := change(each)) is not None]
                    for section in (found.answer, found.authority)]  # fmt: skip
        return replace(found, answer=sections[0], authority=sections[1])

    return lambda made: setattr(made.servers[server], "tamper", tamper)


def unsigned(rrtype):
    return lambda each: replace(each, signatures=()) if each.type == rrtype else each


NEXT = Validity(NOW + 10_800, NOW + 20_000)
CAUSES = {
    "no signature": (
        tampering("bank", unsigned(A)), {}, "www.bank.test.", "A", 10, "no RRSIG of A",
    ),
    "keys without a signature": (
        tampering("bank", unsigned(48)), {}, "bank.test.", "DNSKEY", 10, "no RRSIG of DNSKEY",
    ),
    "a DS without a signature": (
        tampering("test", unsigned(DS)), {}, "bank.test.", "DS", 10, "no RRSIG of DS",
    ),
    "not valid yet": (
        lambda _made: None, {"bank": SignedZone("bank.test.", BANK, validity=NEXT)},
        "bank.test.", "DNSKEY", 8, "becomes valid in 3 h",
    ),
    "another anchor": (
        lambda _made: None,
        {"anchors": {N("."): digests.usable([key_of(".", 1).ds(N("."))])}},
        ".", "DNSKEY", 9, "DS at the parent matches no DNSKEY",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "how", "name", "rrtype", "code", "text"), CAUSES.values(), ids=CAUSES
)
def test_each_cause_has_its_place_and_its_reason(chain, change, how, name, rrtype, code, text):
    found = chain("www.bank.test.", change=change, **how)
    assert (found["status"], found["broken"]) == ("bogus", {"name": name, "type": rrtype})
    assert (found["reason_code"], text in found["reason"]) == (code, True)
    reasons = {link["reason"] for link in found["links"] if link["status"] == "bogus"}
    assert reasons <= {found["reason"]}


def test_a_denial_without_proof_is_where_it_breaks(chain):
    hide = tampering("bank", lambda each: None if each.type == 47 else each)
    found = chain("nobody.bank.test.", change=hide)
    assert (found["status"], found["reason_code"]) == ("bogus", 12)
    assert found["broken"] == {"name": "nobody.bank.test.", "type": "A"}


class Silent:
    """A server that does not reply to questions for one type, or to any."""

    def __init__(self, server, rrtype=None):
        self.server, self.rrtype = server, rrtype

    def receive(self, query, transport, now):
        if self.rrtype in (None, parse_query(query).qtype):
            return ()
        return self.server.receive(query, transport, now)


def silent(rrtype=None):
    def change(made):
        servers = made.asker.internet.servers
        servers[ADDRESSES["bank"]] = Silent(servers[ADDRESSES["bank"]], rrtype)

    return change


def test_what_cannot_be_reached_is_not_bogus(chain):
    found = chain("www.bank.test.", change=silent())
    assert (found["status"], found["rcode"], found["broken"]) == ("indeterminate", "SERVFAIL", None)
    assert found["reason_code"] == 23


def test_what_has_no_keys_within_reach_is_bogus_for_that_reason(chain):
    found = chain("www.bank.test.", change=silent(48))
    assert (found["status"], found["reason_code"]) == ("bogus", 23)
    assert found["broken"] == {"name": "bank.test.", "type": "DNSKEY"}
    assert [(link["zone"], link["status"]) for link in found["links"]][-1] == (
        "bank.test.", "unknown",
    )  # fmt: skip


def test_a_negative_trust_anchor_is_the_reason(chain):
    found = chain("www.bank.test.", negative={N("bank.test."): NOW + 60})
    assert (found["status"], found["reason_code"]) == ("insecure", 33)
    assert found["reason"] == "below a negative trust anchor"


def test_without_an_anchor_nothing_is_known(chain):
    found = chain("www.bank.test.", anchors={})
    assert (found["status"], found["anchors"], found["links"]) == ("indeterminate", [], [])
    found = chain("www.bank.test.", change=lambda made: setattr(made.asker.world, "trust", None))
    assert (found["status"], found["anchors"], found["links"]) == ("indeterminate", [], [])


def test_the_keys_of_a_zone_are_needed_for_no_ds(chain):
    found = chain("bank.test.", DS)
    assert found["status"] == "secure"
    assert [(link["zone"], link["status"]) for link in found["links"]] == [
        (".", "secure"), ("test.", "secure"), ("bank.test.", "unknown"),
    ]  # fmt: skip
