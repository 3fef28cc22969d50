import pytest
from fakes import octets

from dnsd.resolver.acceptance import Verdict, judge, proves_path
from dnsd.wire.edns import Edns
from dnsd.wire.message import AA, QR, TC

COOKIE = octets.option(10, b"our ours")
QUERY = octets.query("wWw.eXample.test.", edns=octets.opt())
WITH_COOKIE = octets.query("wWw.eXample.test.", edns=octets.opt(COOKIE))
QUESTION = octets.question("wWw.eXample.test.")
A = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"


def reply(*questions, flags=QR | AA, **sections):
    return octets.message(*(questions or (QUESTION,)), flags=flags, **sections)


HONEST = reply(answer=[A], additional=[octets.opt()])


def changed(message, offset, value):
    return message[:offset] + value + message[offset + len(value) :]


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(HONEST, id="an answer"),
        pytest.param(reply(), id="nothing but the question"),
        pytest.param(reply(answer=[A] * 200), id="many records"),
        pytest.param(reply(flags=QR | 3), id="an error with the question"),
        pytest.param(reply(flags=QR | TC, counts=[1, 9, 0, 0]), id="cut anywhere, and it says so"),
        pytest.param(HONEST + b"more", id="octets behind the last record"),
        pytest.param(octets.message(flags=QR | 1), id="FORMERR of a server without EDNS"),
        pytest.param(octets.message(flags=QR | 4), id="NOTIMP of a server without EDNS"),
    ],
)
def test_a_reply_to_the_query_is_accepted(message):
    assert judge(QUERY, message) is Verdict.ACCEPTED


# Each is what a forger, a middlebox or a broken server might send.
MALFORMED = [
    pytest.param(b"", id="nothing"),
    pytest.param(HONEST[:11], id="half a header"),
    pytest.param(HONEST[:12], id="a header that announces more"),
    pytest.param(reply(flags=AA, answer=[A]), id="a query"),
    pytest.param(reply(flags=QR | 1 << 11, answer=[A]), id="opcode IQUERY"),
    pytest.param(reply(flags=QR | 5 << 11, answer=[A]), id="opcode UPDATE"),
    pytest.param(reply(flags=QR | 15 << 11, answer=[A]), id="opcode without a name"),
    pytest.param(octets.message(flags=QR, answer=[A]), id="no question, an answer"),
    pytest.param(octets.message(flags=QR), id="no question, NOERROR"),
    pytest.param(octets.message(flags=QR | 2), id="no question, SERVFAIL"),
    pytest.param(octets.message(flags=QR | 3), id="no question, NXDOMAIN"),
    pytest.param(octets.message(flags=QR | 5), id="no question, REFUSED"),
    pytest.param(
        octets.message(flags=QR | 1, additional=[octets.opt()]),
        id="FORMERR with no question but OPT",
    ),
    pytest.param(octets.message(flags=QR | 1) + b"x", id="FORMERR with octets behind"),
    pytest.param(
        octets.message(flags=QR | 1, counts=[0, 5, 0, 0]), id="FORMERR that announces records"
    ),
    pytest.param(reply(QUESTION, QUESTION), id="the question twice"),
    pytest.param(reply(octets.question("www.bank.test."), answer=[A]), id="another name"),
    pytest.param(reply(octets.question("ww.eXample.test.")), id="a shorter name"),
    pytest.param(reply(octets.question("a.wWw.eXample.test.")), id="a longer name"),
    pytest.param(reply(octets.question("wWw.eXample.test.", 28)), id="another type"),
    pytest.param(reply(octets.question("wWw.eXample.test.", 1, 3)), id="another class"),
    pytest.param(reply(b"\xc0\x0c\0\1\0\1", answer=[A]), id="a question that points to itself"),
    pytest.param(HONEST[:25], id="half a question"),
    pytest.param(reply(answer=[A], counts=[1, 65535, 0, 0]), id="records that are not there"),
    pytest.param(reply(counts=[1, 0, 1, 0]), id="an authority that is not there"),
    pytest.param(changed(HONEST, 4, b"\1\1"), id="257 questions"),
]


@pytest.mark.parametrize("message", MALFORMED)
def test_a_malformed_message_is_discarded(message):
    assert judge(QUERY, message) is Verdict.DISCARDED


@pytest.mark.parametrize("message", MALFORMED)
def test_the_honest_reply_is_still_accepted_after_a_malformed_message(message):
    assert [judge(QUERY, each) for each in (message, HONEST)][-1] is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(changed(HONEST, 0, b"\x12\x35"), id="a reply but for its ID"),
        pytest.param(changed(HONEST, 1, b"\x00"), id="one octet of the ID"),
        pytest.param(octets.message(flags=QR).replace(b"\x12\x34", b"\0\0"), id="no question"),
        pytest.param(b"\0\0\x80" + bytes(9), id="a header"),
    ],
)
def test_a_wrong_id_is_told_apart(message):
    assert judge(QUERY, message) is Verdict.WRONG_ID


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\0\0" + HONEST[2:11], id="too short"),
        pytest.param(changed(changed(HONEST, 0, b"\0\0"), 2, b"\4"), id="a query"),
    ],
)
def test_a_wrong_id_on_what_is_no_reply_is_nothing(message):
    assert judge(QUERY, message) is Verdict.DISCARDED


@pytest.mark.parametrize("name", ["www.example.test.", "WWW.EXAMPLE.TEST.", "WwW.eXample.test."])
def test_a_changed_letter_case_is_told_apart(name):
    message = reply(octets.question(name), answer=[A])
    assert judge(QUERY, message) is Verdict.CASE_CHANGED


def test_octets_of_a_type_that_look_like_letters_are_none():
    # Type 0x41 is HTTPS, type 0x61 is not assigned; as letters they are A and a.
    query = octets.query("example.test.", 0x41)
    assert judge(query, reply(octets.question("example.test.", 0x61))) is Verdict.DISCARDED
    assert judge(query, reply(octets.question("Example.test.", 0x61))) is Verdict.DISCARDED
    assert judge(query, reply(octets.question("Example.test.", 0x41))) is Verdict.CASE_CHANGED


def test_a_name_with_zero_octets_in_its_labels_is_compared_whole():
    name = b"\3a\0\0\4test\0\0\1\0\1"
    query = octets.message(name, additional=[octets.opt()])
    assert judge(query, reply(name, answer=[A])) is Verdict.ACCEPTED
    assert judge(query, reply(name.replace(b"test", b"best"))) is Verdict.DISCARDED


@pytest.mark.parametrize(
    ("additional", "verdict"),
    [
        pytest.param([], Verdict.ACCEPTED, id="no OPT"),
        pytest.param([octets.opt()], Verdict.ACCEPTED, id="no cookie"),
        pytest.param([octets.opt(COOKIE)], Verdict.ACCEPTED, id="ours alone"),
        pytest.param(
            [octets.opt(octets.option(10, b"our oursand the server's"))], Verdict.ACCEPTED,
            id="ours and the server's",
        ),
        pytest.param(
            [octets.opt(octets.option(10, b"not oursand the server's"))], Verdict.DISCARDED,
            id="somebody else's",
        ),
        pytest.param([octets.opt(octets.option(10, b"our"))], Verdict.DISCARDED, id="half of ours"),
        pytest.param([octets.opt(octets.option(10))], Verdict.DISCARDED, id="an empty one"),
        pytest.param(
            [octets.opt(octets.option(3, b"ns1"), octets.option(10, b"x" * 24))], Verdict.DISCARDED,
            id="somebody else's behind another option",
        ),
        pytest.param([octets.opt(octets.option(3, b"ns1"))], Verdict.ACCEPTED, id="another option"),
        pytest.param(
            [octets.opt(), octets.opt(octets.option(10, bytes(24)))], Verdict.DISCARDED,
            id="somebody else's in a second OPT record",
        ),
    ],
)  # fmt: skip
def test_a_cookie_must_begin_with_ours(additional, verdict):
    assert judge(WITH_COOKIE, reply(answer=[A], additional=additional)) is verdict


def test_a_cookie_that_was_not_asked_for_does_not_matter():
    message = reply(answer=[A], additional=[octets.opt(octets.option(10, bytes(24)))])
    assert judge(QUERY, message) is Verdict.ACCEPTED
    no_cookie = octets.query("wWw.eXample.test.", edns=octets.opt(octets.option(3)))
    assert judge(no_cookie, message) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("sent", "edns", "proven"),
    [
        pytest.param(b"our ours", Edns(1232, options=((10, b"our ours" + bytes(8)),)), True, id="ours and the server's"),
        pytest.param(b"our ours" + bytes(8), Edns(1232, options=((10, b"our ours" + bytes(16)),)), True, id="a new one"),
        pytest.param(b"our ours", Edns(1232, options=((10, b"our ours" + bytes(32)),)), True, id="the longest"),
        pytest.param(b"our ours", Edns(1232, options=((10, b"our ours" + bytes(33)),)), False, id="too long"),
        pytest.param(b"our ours", Edns(1232, options=((10, b"our ours" + bytes(7)),)), False, id="too short"),
        pytest.param(b"our ours", Edns(1232, options=((10, b"our ours"),)), False, id="no server cookie"),
        pytest.param(b"our ours", Edns(1232, options=((10, b"not ours" + bytes(8)),)), False, id="somebody else's"),
        pytest.param(b"our ours", Edns(1232), False, id="none"),
        pytest.param(b"our ours", None, False, id="no OPT"),
        pytest.param(b"", Edns(1232, options=((10, bytes(16)),)), False, id="none sent"),
    ],
)  # fmt: skip
def test_a_reply_with_our_cookie_comes_from_who_has_seen_the_query(sent, edns, proven):
    assert proves_path(sent, edns) is proven
