import pytest

from dnsd.mail import reply
from dnsd.mail.reply import Reply

NAMED = {name: value for name, value in vars(reply).items() if isinstance(value, Reply)}


@pytest.mark.parametrize(
    ("said", "octets"),
    [
        pytest.param(reply.OK, b"250 2.0.0 OK\r\n", id="with an enhanced code"),
        pytest.param(reply.greeting("mx.example.test"), b"220 mx.example.test ESMTP\r\n",
                     id="the greeting has none"),
        pytest.param(reply.ehlo("mx.example.test", ("PIPELINING", "SIZE 100")),
                     b"250-mx.example.test\r\n250-PIPELINING\r\n250 SIZE 100\r\n",
                     id="several lines"),
        pytest.param(reply.ehlo("mx.example.test", ()), b"250 mx.example.test\r\n",
                     id="no extension"),
        pytest.param(reply.Reply(214, "2.0.0", "a\nb"), b"214-2.0.0 a\r\n214 2.0.0 b\r\n",
                     id="each line has the enhanced code"),
        pytest.param(reply.challenge(""), b"334 \r\n", id="an empty challenge"),
        pytest.param(reply.queued("0AZ"), b"250 2.0.0 Queued as 0AZ\r\n", id="a queue id"),
        pytest.param(reply.helo("mx.example.test"), b"250 mx.example.test\r\n", id="HELO"),
    ],
)  # fmt: skip
def test_what_is_sent(said, octets):
    assert said.octets() == octets


@pytest.mark.parametrize(
    ("code", "enhanced", "text"),
    [
        pytest.param(600, "", "x", id="no code"),
        pytest.param(199, "", "x", id="no final code"),
        pytest.param(250, "5.0.0", "x", id="codes that disagree"),
        pytest.param(354, "3.0.0", "x", id="no class of enhanced codes"),
        pytest.param(550, "5.1", "x", id="half an enhanced code"),
        pytest.param(550, "5.1.1", "x\r\n250 OK", id="a line end"),
        pytest.param(550, "5.1.1", "ü", id="beyond ASCII"),
        pytest.param(550, "5.1.1", "x" * 491, id="a long line"),
    ],
)
def test_what_is_no_reply(code, enhanced, text):
    with pytest.raises(ValueError, match=r"no code|does not go with|no reply"):
        Reply(code, enhanced, text)


@pytest.mark.parametrize("name", NAMED)
def test_every_line_fits(name):
    for line in NAMED[name].octets().splitlines(keepends=True):
        assert len(line) <= 512  # RFC 5321 §4.5.3.1.5
        assert line.endswith(b"\r\n")


def test_no_two_replies_are_the_same():
    assert len(set(NAMED.values())) == len(NAMED)


def test_classes_of_replies():
    assert {n for n, r in NAMED.items() if r.temporary} & {
        n for n, r in NAMED.items() if r.permanent
    } == set()
    assert reply.NO_SPACE.temporary
    assert reply.RELAY_DENIED.permanent
    assert not reply.OK.temporary
    assert not reply.OK.permanent
