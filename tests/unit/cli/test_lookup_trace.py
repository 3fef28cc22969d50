import pytest

from dnsd.cli.lookup_trace import leads_to_records, trace_lines
from dnsd.wire import names

WWW = names.from_text("www.a.test.")


def step(**facts):
    return {
        "zone": "test.", "server": "ns.test.", "address": "192.0.2.2", "transport": "udp",
        "name": "www.a.test.", "type": "A", "result": "reply", "seconds": 0.0123, "remark": "",
        "meaning": "", "rcode": "NOERROR", "records": [], "end": "www.a.test.", "cut": "",
        "servers": [], "dropped": 0, "wants_tcp": False, **facts,
    }  # fmt: skip


def trace(*steps, **facts):
    return {
        "steps": list(steps), "omitted": 0, "rcode": "NOERROR", "answer": [], "error_code": None,
        "error_text": "", "limits": [], "packets": len(steps), "seconds": 0.05, **facts,
    }  # fmt: skip


def lines(found, rrtype="A"):
    return list(trace_lines(found, WWW, rrtype))


def test_the_way_from_the_root_to_an_answer():
    found = trace(
        step(zone=".", server="", name=".", type="NS", meaning="answer",
             records=[". 86400 NS a.root.test."]),
        step(zone=".", server="a.root.test.", address="192.0.2.1", name="test.",
             meaning="referral", cut="test.", servers=["ns.test. 192.0.2.2", "ns.b.test."]),
        step(name="a.test.", meaning="alias", dropped=2, remark="lies"),
        step(meaning="alias", end="web.b.test.", records=["www.a.test. 60 CNAME web.b.test."]),
        step(name="ns.b.test.", meaning="nodata", end="ns.b.test.", type="AAAA"),
        step(name="web.b.test.", meaning="answer", records=["web.b.test. 60 A 192.0.2.80"]),
        answer=["www.a.test. 60 CNAME web.b.test.", "web.b.test. 60 A 192.0.2.80"],
    )  # fmt: skip
    assert lines(found) == [
        " 1  asked 192.0.2.2, a server of the root, for . NS (to begin with)",
        "    it answers, UDP, 12 ms",
        "      . 86400 NS a.root.test.",
        " 2  asked a.root.test. (192.0.2.1), a server of the root, for test. A (all it needs to know of the name)",
        "    it refers to the servers of test., UDP, 12 ms",
        "      ns.test. 192.0.2.2",
        "      ns.b.test.",
        " 3  asked ns.test. (192.0.2.2), a server of test., for a.test. A (all it needs to know of the name)",
        "    it says that this is an alias, which leads to www.a.test., UDP, 12 ms",
        "    left out: 2 record sets that a server of test. has no say in",
        "    lies",
        " 4  asked ns.test. (192.0.2.2), a server of test., for www.a.test. A",
        "    it says that this is an alias, which leads to web.b.test., UDP, 12 ms",
        "      www.a.test. 60 CNAME web.b.test.",
        " 5  asked ns.test. (192.0.2.2), a server of test., for ns.b.test. AAAA (to find a name server's address)",
        "    it says that ns.b.test. has no such records, UDP, 12 ms",
        " 6  asked ns.test. (192.0.2.2), a server of test., for web.b.test. A",
        "    it answers, UDP, 12 ms",
        "      web.b.test. 60 A 192.0.2.80",
        "",
        "www.a.test. 60 CNAME web.b.test.",
        "web.b.test. 60 A 192.0.2.80",
        "6 queries, 50 ms",
    ]


@pytest.mark.parametrize(
    ("name", "rrtype"), [(".", "DNSKEY"), ("test.", "DNSKEY"), ("a.test.", "DS")]
)
def test_keys_are_asked_for_to_validate(name, rrtype):
    asked = lines(trace(step(name=name, type=rrtype)))[0]
    assert asked.endswith(f"for {name} {rrtype} (to validate what is said)")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"result": "timed_out"}, "it does not answer in time"),
        ({"result": "unreachable"}, "it cannot be reached"),
        ({"result": "wrong_id"},
         "replies with a wrong ID came: somebody guesses, so it is asked over TCP"),
        ({"result": "case_changed"},
         "its replies have other letter case than the question, which proves nothing"),
        ({"result": "closed"}, "it closed the connection, or sent something else"),
        ({"result": "no_socket"}, "no socket was free to ask it"),
        ({"result": "untrusted"}, "its certificate is not trusted, so it is told nothing"),
        ({"meaning": "nxdomain"}, "it says that www.a.test. does not exist"),
        ({"meaning": "lame"}, "it does not serve test. (lame)"),
        ({"meaning": "error", "rcode": "REFUSED"}, "it gives nothing that can be used (REFUSED)"),
        ({"meaning": "error", "wants_tcp": True},
         "what it says must be asked for over TCP: it is too long, or easily forged"),
        ({"rcode": ""}, "it gives nothing that can be used (malformed)"),
    ],
)  # fmt: skip
def test_what_a_server_did(facts, said):
    time = "" if "result" in facts else ", 12 ms"
    assert lines(trace(step(**facts)))[1] == f"    {said}, UDP{time}"


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ({"rcode": "NXDOMAIN"}, ["www.a.test. does not exist"]),
        ({}, ["www.a.test. has no A records"]),
        ({"rcode": "SERVFAIL", "error_code": 22, "error_text": "all of a.test.",
          "limits": ["query_time", "query_packets"]},
         ["www.a.test. A could not be found out (SERVFAIL)",
          "because: no reachable authority: all of a.test.",
          "limits that were hit: query_time, query_packets"]),
    ],
)  # fmt: skip
def test_how_it_ends(facts, end):
    assert lines(trace(**facts)) == ["", *end, "0 queries, 50 ms"]


def test_steps_left_out_are_counted():
    assert lines(trace(step(meaning="answer"), omitted=7))[2] == "    and 7 more steps"


@pytest.mark.parametrize(
    ("answer", "rcode", "rrtype", "found"),
    [
        (["a.test. 60 A 192.0.2.1"], "NOERROR", "A", True),
        (["a.test. 60 CNAME b.test."], "NOERROR", "A", False),
        (["a.test. 60 MX 1 b.test."], "NOERROR", "ANY", True),
        (["a.test. 60 CNAME b.test."], "NXDOMAIN", "CNAME", False),
        ([], "NOERROR", "ANY", False),
    ],
)
def test_only_the_type_asked_for_is_data(answer, rcode, rrtype, found):
    assert leads_to_records(trace(answer=answer, rcode=rcode), rrtype) is found
