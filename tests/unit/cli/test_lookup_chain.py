import pytest

from dnsd.cli.lookup_chain import chain_lines
from dnsd.wire import names

WWW = names.from_text("www.bank.test.")


def signature(zone, tag, expires_s=432_000):
    return {"zone": zone, "key_tag": tag, "algorithm": "ED25519", "expires_s": expires_s}


def link(zone, tag, signer=None, **facts):
    return {
        "zone": zone, "anchor": signer is None,
        "ds": [{"key_tag": tag, "algorithm": "ED25519", "digest_type": "SHA256",
                "digest": "ab01", "vouches": True}],
        "ds_signature": signer,
        "keys": [{"key_tag": tag, "algorithm": "ED25519", "vouched_for": True}],
        "keys_signature": signature(zone, tag, 7_300), "status": "secure", "reason": "", **facts,
    }  # fmt: skip


def chain(**facts):
    return {
        "status": "secure", "rcode": "NOERROR", "answer": [], "anchors": ["."], "links": [],
        "ends": [], "signed": [], "broken": None, "reason_code": None, "reason": "",
        "packets": 6, "seconds": 0.01, **facts,
    }  # fmt: skip


def lines(rrtype="A", **facts):
    return list(chain_lines(chain(**facts), WWW, rrtype))


SECURE = "secure: its owner signed this, and every signature from the trust anchor down holds"
INSECURE = "insecure: its owner does not sign, so nobody can tell whether it was changed on the way"
BOGUS = (
    "bogus: this should be signed and is not as it should be; it may be forged, so nobody gets it"
)


def test_a_chain_from_the_anchor_down():
    two_keys = [
        {"key_tag": 2, "algorithm": "ED25519", "vouched_for": True},
        {"key_tag": 3, "algorithm": "ED25519", "vouched_for": False},
    ]
    found = lines(
        answer=["www.bank.test. 60 A 192.0.2.80"],
        links=[link(".", 1), link("bank.test.", 2, signature(".", 1), keys=two_keys)],
        signed=[
            {"name": "www.bank.test.", "type": "A", "wildcard": "*.bank.test.",
             "signature": signature("bank.test.", 3, 59)},
            {"name": "*.bank.test.", "type": "NSEC", "wildcard": "",
             "signature": signature("bank.test.", 3, 120)},
        ],
    )  # fmt: skip
    assert found == [
        "www.bank.test. 60 A 192.0.2.80",
        "",
        SECURE,
        "",
        " 1  the root, a trust anchor",
        "    DS 1 ED25519 SHA-256 ab01",
        "      vouches for key 1",
        "    its keys are signed by key 1 of the root (expires in 2 h)",
        " 2  bank.test.",
        "    DS 2 ED25519 SHA-256 ab01",
        "      vouches for key 2, signed by key 1 of the root (expires in 5 d)",
        "    its keys are signed by key 2 of bank.test. (expires in 2 h)",
        "      so they may sign too: key 3",
        " 3  www.bank.test. A (made of *.bank.test.) is signed by key 3 of bank.test. (expires in 59 s)",
        " 4  *.bank.test. NSEC is signed by key 3 of bank.test. (expires in 2 min)",
    ]


def test_where_signing_ends_and_who_proves_it():
    end = {"name": "bank.test.", "zone": ".", "proof": "NSEC3", "reason": ""}
    assert lines(status="insecure", links=[link(".", 1)], ends=[end])[-1] == (
        " 2  the root proves with NSEC3 that bank.test. is not signed"
    )
    found = lines(status="insecure", answer=["www.bank.test. 60 A 192.0.2.80"], ends=[end])
    assert found[2] == INSECURE
    end |= {"proof": "DS", "reason": "no DS with a supported algorithm, only 5"}
    assert lines(status="insecure", ends=[end])[-1] == (
        " 1  the root says with DS how bank.test. is signed, in a way that is unknown here:"
        " no DS with a supported algorithm, only 5"
    )


def test_the_one_reason_of_a_bogus_name_and_where_it_is():
    ds = {"key_tag": 2, "algorithm": "5", "digest_type": "3", "digest": "ab", "vouches": False}
    found = lines(
        status="bogus", rcode="SERVFAIL", reason_code=9,
        reason="DS at the parent matches no DNSKEY",
        broken={"name": "bank.test.", "type": "DNSKEY"},
        links=[link("bank.test.", 2, signature(".", 1), ds=[ds], keys_signature=None,
                    status="bogus", reason="DS at the parent matches no DNSKEY")],
    )  # fmt: skip
    assert found == [
        "www.bank.test. A is not answered (SERVFAIL)",
        "",
        BOGUS,
        "because: DS at the parent matches no DNSKEY (DNSKEY missing)",
        "where: DNSKEY of bank.test.",
        "",
        " 1  bank.test.",
        "    DS 2 algorithm 5 digest type 3 ab",
        "      vouches for none of its keys, signed by key 1 of the root (expires in 5 d)",
        "    the chain breaks here: DS at the parent matches no DNSKEY",
    ]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"rcode": "NXDOMAIN"}, ["www.bank.test. does not exist", "", SECURE]),
        ({}, ["www.bank.test. has no A records", "", SECURE]),
        ({"status": "indeterminate", "anchors": []},
         ["www.bank.test. has no A records", "",
          "indeterminate: there is no trust anchor, so nothing is validated"]),
        ({"status": "indeterminate", "anchors": [".", "b.test."]},
         ["www.bank.test. has no A records", "",
          "indeterminate: no trust anchor is above it, only the root, b.test."]),
        ({"status": "indeterminate", "rcode": "SERVFAIL", "reason_code": 22},
         ["www.bank.test. A is not answered (SERVFAIL)", "",
          "indeterminate: it could not be found out, which says nothing of signatures",
          "because: no reachable authority"]),
        ({"status": "insecure", "reason_code": 33, "reason": "below\x1b one"},
         ["www.bank.test. has no A records", "",
          "insecure: it was not validated, so nobody can tell whether it was changed on the way",
          "because: below\N{REPLACEMENT CHARACTER} one (negative trust anchor)"]),
    ],
)  # fmt: skip
def test_what_an_answer_is_worth(facts, said):
    assert lines(**facts) == said


def test_a_link_that_was_not_needed_and_one_where_signing_ends():
    unknown = link("bank.test.", 2, signature(".", 1), keys=[], keys_signature=None,
                   status="unknown")  # fmt: skip
    unknown["ds"][0]["vouches"] = False
    assert lines(links=[unknown])[-1] == (
        "      vouches for a key that was not looked at, signed by key 1 of the root (expires in 5 d)"
    )
    ends = link("bank.test.", 2, signature(".", 1), keys_signature=None,
                status="insecure", reason="key 2 is RSA of a size that is not supported")  # fmt: skip
    assert lines(links=[ends])[-1] == (
        "    signing ends here: key 2 is RSA of a size that is not supported"
    )
