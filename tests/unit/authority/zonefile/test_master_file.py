import dns.rdatatype
import dns.zone
import pytest
from fakes.zone_strategies import ORIGIN, contents, zone_records
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.zonefile.master_file import read_master, write_master
from dnsd.source.problems import Where, render
from dnsd.wire import names, rdata
from dnsd.wire.iana import rrtype_to_text

SOA = "@ 300 SOA ns1 hostmaster 1 2 3 4 60\n"


def lines(draft):
    return [
        f"{names.to_text(record.owner)} {record.ttl} {rrtype_to_text(record.type)} {rdata.to_text(record.type, record.rdata)}"
        for record in draft.records
    ]


def read(text, origin=ORIGIN):
    return read_master(text, origin, "db.example")


A = "www.example.test. 60 A 192.0.2.1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("www 60 IN A 192.0.2.1", [A], id="TTL, class, type"),
        pytest.param("www IN 60 A 192.0.2.1", [A], id="class, TTL, type"),
        pytest.param("WWW.Example.Test. 60 a 192.0.2.1", [A], id="absolute, in capitals, no class"),
        pytest.param("$TTL 60\nwww A 192.0.2.1", [A], id="$TTL"),
        pytest.param("$ttl 1m\nwww in a 192.0.2.1", [A], id="$TTL with a unit"),
        pytest.param("$TTL 9\nwww 1M A 192.0.2.1", [A], id="a TTL beats $TTL"),
        pytest.param("a 60 A 192.0.2.2\nwww A 192.0.2.1", ["a.example.test. 60 A 192.0.2.2", A], id="the last TTL stated"),
        pytest.param("www 60 A 192.0.2.1\n  A 192.0.2.2", [A, "www.example.test. 60 A 192.0.2.2"], id="the owner of the line before"),
        pytest.param("$ORIGIN test.\nwww.example 60 A 192.0.2.1", [A], id="$ORIGIN"),
        pytest.param("$ORIGIN a\n$ORIGIN b\n@ 60 A 192.0.2.1", ["b.a.example.test. 60 A 192.0.2.1"], id="relative $ORIGIN"),
        pytest.param("www 60 ( A\n 192.0.2.1 ) ; comment", [A], id="parentheses and a comment"),
        pytest.param("www 60 A 192.0.2.1\nwww 60 A 192.0.2.1", [A], id="the same record twice"),
        pytest.param("$TTL 60\na 9 A 192.0.2.2\nwww A 192.0.2.1", ["a.example.test. 9 A 192.0.2.2", A], id="$TTL beats the last TTL stated"),
        pytest.param("@ SOA ns1 hostmaster 1 2 3 4 60", ["example.test. 60 SOA ns1.example.test. hostmaster.example.test. 1 2 3 4 60"], id="a SOA without a TTL has MINIMUM's"),
        pytest.param('t 1 TXT "a;b" c\\;d "\\200"', [r't.example.test. 1 TXT "a;b" "c;d" "\200"'], id="strings"),
        pytest.param("a 1 TYPE65280 \\# 2 ab cd", [r"a.example.test. 1 TYPE65280 \# 2 abcd"], id="an unknown type"),
        pytest.param('a 1 HTTPS 1 . alpn="h2,h3" port=443', ['a.example.test. 1 HTTPS 1 . alpn="h2,h3" port="443"'], id="parameters in quotes"),
        pytest.param("$GENERATE 1-2 h$ 60 IN A 192.0.2.$", ["h1.example.test. 60 A 192.0.2.1", "h2.example.test. 60 A 192.0.2.2"], id="$GENERATE"),
        pytest.param("a 1 MX 10 mx", ["a.example.test. 1 MX 10 mx.example.test."], id="a relative name in rdata"),
        pytest.param("\\@ 1 A 192.0.2.1\n\\$ORIGIN 1 A 192.0.2.1", [r"\@.example.test. 1 A 192.0.2.1", r"\$origin.example.test. 1 A 192.0.2.1"], id="escaped owners"),
        pytest.param("", [], id="nothing"),
    ],
)  # fmt: skip
def test_a_master_file_is_read(text, found):
    draft = read(text)
    assert draft.problems == []
    assert lines(draft) == found


def test_the_zone_may_be_told_by_its_soa():
    draft = read(f"$ORIGIN example.org.\n{SOA}www 1 A 192.0.2.1", None)
    assert draft.problems == []
    assert names.to_text(draft.origin) == "example.org."


BROKEN = """\
$ORIGIN
$TTL forever
$INCLUDE other.db
$FOO bar
$GENERATE 2-1 a$ A 192.0.2.$
  A 192.0.2.1
www A 192.0.2.1
$TTL 60
www A 192.0.2.256
www 2147483648 A 192.0.2.1
www CH TXT x
www XX A 192.0.2.1
www
a..b A 192.0.2.1
www.example.org. A 192.0.2.1
www ANY x
www TXT "open
www A ( 192.0.2.1
mx MX ( 10
        ten )
mx MX 10 ..
"""

REPORT = """\
db.example:1:1: master-directive: '$ORIGIN'
    expected: $ORIGIN NAME, $TTL SECONDS, or $GENERATE RANGE OWNER TYPE RDATA
db.example:2:6: ttl-form: 'forever' is not a TTL, class or type
    expected: seconds, or numbers with ms, s, m, h, d or w: 45, 5m, 1h30m, 90d
db.example:3:1: master-include: $INCLUDE is not read
    hint: import that file by itself
db.example:4:1: master-directive: '$FOO'
    expected: $ORIGIN NAME, $TTL SECONDS, or $GENERATE RANGE OWNER TYPE RDATA
db.example:5:11: master-generate: '2-1' is an empty range
db.example:6:3: master-owner: no owner: no record with one stands before
db.example:7:5: ttl-missing: no TTL
    expected: a TTL, or $TTL above
    hint: $TTL 3600
db.example:9:7: a-value: '192.0.2.256' is not an IPv4 address
db.example:10:5: ttl-range: ttl 2147483648 is out of range
    expected: an integer from 0 to 2147483647 (RFC 2181 §8)
db.example:11:5: master-class: the class CH
    expected: IN
db.example:12:5: master-type: 'XX' is not a TTL, class or type
    expected: as in: www 3600 IN A 192.0.2.1
db.example:13:1: master-type: a name and nothing else
    expected: a type and rdata
db.example:14:1: master-name: 'a..b' is not a name: empty label
db.example:15:18: owner-outside: www.example.org. is not in the zone example.test.
db.example:16:5: master-type: ANY is not a type of zone data
db.example:17:5: txt-value: TXT needs a string; an empty one is ""
db.example:17:9: master-quote: the double quote is not closed on its line
"""


def test_everything_wrong_is_reported_with_its_place():
    report = render(read(BROKEN).problems)
    assert report.startswith(REPORT)
    # An open parenthesis swallows what follows; it is named, and so is the end of it.
    assert report.removeprefix(REPORT).splitlines() == [
        "db.example:18:7: master-parenthesis: '(' is never closed",
        "db.example:18:9: a-value: 'mx' is too much; A is written: address",
        "19 errors, 0 warnings",
    ]


@pytest.mark.parametrize(
    ("text", "problem_id", "place"),
    [
        pytest.param("mx 1 MX (\n ten\n 10 )", "mx-value", (2, 2), id="rdata over lines"),
        pytest.param("www 1 2 A 192.0.2.1", "master-type", (1, 7), id="two TTLs"),
        pytest.param('"www" 1 A 192.0.2.1', "master-name", (1, 1), id="an owner in quotes"),
        pytest.param("a 1 A", "a-value", (1, 5), id="no rdata"),
        pytest.param("a 1 TYPE65280 x", "type65280-value", (1, 15), id="text for an unknown type"),
    ],
)
def test_a_problem_of_rdata_is_placed_where_it_begins(text, problem_id, place):
    problems = read(text).problems
    expected = [(problem_id, Where("db.example", *place))]
    assert [(problem.id, problem.where) for problem in problems] == expected


def test_without_an_origin_there_must_be_a_soa():
    draft = read("www.example.test. 1 A 192.0.2.1", None)
    assert [problem.id for problem in draft.problems] == ["master-origin"]


def test_reading_stops_at_a_thousand_problems():
    draft = read("a 1 A x\n" * 3000)
    assert [problem.id for problem in draft.problems] == ["a-value"] * 1000 + ["too-many-problems"]


# -- writing -----------------------------------------------------------------------


def test_records_are_written_soa_first_and_in_canonical_order():
    text = "z 60 A 192.0.2.1\na.b 60 A 192.0.2.1\n@ 60 NS ns1\nb 60 MX 10 mx\n" + SOA
    assert write_master(ORIGIN, read(text).records) == (
        "$ORIGIN example.test.\n"
        "@                        300     IN SOA      ns1.example.test. hostmaster.example.test. 1 2 3 4 60\n"
        "@                        60      IN NS       ns1.example.test.\n"
        "b                        60      IN MX       10 mx.example.test.\n"
        "a.b                      60      IN A        192.0.2.1\n"
        "z                        60      IN A        192.0.2.1\n"
    )


@given(zone_records)
def test_what_is_written_is_read_again(records):
    draft = read(write_master(ORIGIN, records))
    assert draft.problems == []
    assert contents(draft.records) == contents(records)


# -- against dnspython ---------------------------------------------------------------


def by_dnspython(text):
    """Read a zone with dnspython: its records, or ``None`` when it is refused."""
    try:
        zone = dns.zone.from_text(
            text, origin="example.test.", relativize=False, check_origin=False
        )
    except Exception:  # noqa: BLE001 - it raises more than it says
        return None
    return sorted(
        (owner.canonicalize().to_wire(), int(rdataset.rdtype), rdataset.ttl, value.to_digestable())
        for owner, rdataset in zone.iterate_rdatasets()
        for value in rdataset
    )


@given(zone_records)
def test_what_is_written_dnspython_reads_alike(records):
    # dnspython makes UTF-8 of \DDD above 127 in strings, keeps one record of types
    # that may have one only, and lets nothing stand beside a CNAME.
    single = ("CNAME", "DNAME", "SOA")
    plain = [r for r in records if r.rdata.isascii() and rrtype_to_text(r.type) not in single]
    assert by_dnspython(write_master(ORIGIN, plain)) == contents(plain)


PIECES = """
www @ a.b example.test. *.x 60 1h 1w2d IN in CH A AAAA MX TXT NS CNAME 192.0.2.1 192.0.2.300 2001:db8::1 10
mx1 mx1.example.test. "a;b" "" ( ) ; \n \n \n $TTL $ORIGIN TYPE65280 \\# 2 abcd x\\.y \\065 :: 0
""".replace("\\n", "\n").split(" ")


@given(st.lists(st.sampled_from([piece.strip(" ") for piece in PIECES]), max_size=14))
def test_any_words_are_read_as_dnspython_reads_them_or_refused(words):
    text = "$TTL 300\n" + " ".join(words) + "\n"
    ours = read(text)
    theirs = by_dnspython(text)
    if ours.problems:
        return
    # Ours reads every file it accepts to the same records, except TTLs that differ
    # within one set, of which dnspython keeps the least.
    assert theirs is not None, lines(ours)
    assert [(o, t, d) for o, t, _, d in theirs] == [
        (o, t, d) for o, t, _, d in contents(ours.records)
    ]


LINE = st.builds(
    lambda owner, ttl, rest: f"{owner} {ttl} {rest}",
    st.sampled_from(["www", "@", "", "a.b", "*", "c.example.test.", r"d\.e"]),
    st.sampled_from(["", "60", "IN", "60 IN", "IN 1h"]),
    st.sampled_from(
        ["A 192.0.2.1", "AAAA 2001:db8::1", "MX 10 mx", "MX ( 10\n mx )", 'TXT "a;b" c ; d', "NS ns1",
         "SRV 1 2 3 t", "A 192.0.2.999", "MX mx", "TXT", "NS"],
    ),
)  # fmt: skip


@given(st.lists(LINE, min_size=1, max_size=3))
def test_lines_are_accepted_and_refused_as_dnspython_does(entries):
    text = "$TTL 300\nfirst A 192.0.2.9\n" + "\n".join(entries) + "\n"
    ours = read(text)
    theirs = by_dnspython(text)
    assert (theirs is None) == bool(ours.problems), render(ours.problems)
