from base64 import b64encode

import pytest

from dnsd.mail import reply
from dnsd.mail.smtp.events import Authenticate
from dnsd.mail.smtp.sasl import Exchange


def b64(text):
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


ALICE = Authenticate("alice", "secret")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("\0alice\0secret", ALICE, id="nobody else"),
        pytest.param("alice\0alice\0secret", ALICE, id="for herself"),
        pytest.param("\0alice@example.test\0pass wörd",
                     Authenticate("alice@example.test", "pass wörd"), id="beyond ASCII"),
        pytest.param("bob\0alice\0secret", reply.CREDENTIALS_INVALID, id="for somebody else"),
        pytest.param("\0alice", reply.BAD_ARGUMENT, id="no password"),
        pytest.param("\0alice\0se\0cret", reply.BAD_ARGUMENT, id="a NUL too many"),
        pytest.param("\0\0secret", reply.CREDENTIALS_INVALID, id="no name"),
        pytest.param("\0alice\0", reply.CREDENTIALS_INVALID, id="an empty password"),
        pytest.param("\0al\r\nice\0secret", reply.CREDENTIALS_INVALID, id="a line end in the name"),
        pytest.param("\0" + "a" * 256 + "\0secret", reply.CREDENTIALS_INVALID, id="a long name"),
        pytest.param("\0alice\0" + "s" * 1025, reply.CREDENTIALS_INVALID, id="a long password"),
        pytest.param(b"\0alice\0\xff", reply.BAD_BASE64, id="no UTF-8"),
    ],
)  # fmt: skip
def test_plain_in_one_line_or_two(text, said):
    assert Exchange("PLAIN").begin(b64(text)) == said
    exchange = Exchange("PLAIN")
    assert exchange.begin("") == reply.challenge("")
    assert exchange.take(b64(text)) == said


@pytest.mark.parametrize(
    "line", ["x", "AGFsaWNl AHNlY3JldA==", "AGFsaWNlAHNlY3JldA", "ü===", "A==="]
)
def test_what_is_no_base64(line):
    assert Exchange("PLAIN").take(line) is reply.BAD_BASE64


def test_an_empty_initial_response_is_one():
    assert Exchange("PLAIN").begin("=") is reply.BAD_ARGUMENT


def test_login_asks_twice():
    exchange = Exchange("LOGIN")
    assert exchange.begin("") == reply.challenge(b64("Username:"))
    assert exchange.take(b64("alice")) == reply.challenge(b64("Password:"))
    assert exchange.take(b64("secret")) == ALICE


def test_login_may_begin_with_the_name():
    exchange = Exchange("LOGIN")
    assert exchange.begin(b64("alice")) == reply.challenge(b64("Password:"))
    assert exchange.take(b64("secret")) == ALICE


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_it_may_be_cancelled(mechanism):
    exchange = Exchange(mechanism)
    exchange.begin("")
    assert exchange.take("*") is reply.AUTHENTICATION_CANCELLED


def test_a_password_is_not_shown():
    assert "secret" not in repr(ALICE)
