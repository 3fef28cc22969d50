import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.address import AddressError, Mailbox, parse_domain, parse_mailbox


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        pytest.param("alice@example.test", "alice", "example.test", id="plain"),
        pytest.param("Alice@Example.TEST", "Alice", "example.test", id="only the domain is lowered"),
        pytest.param("a.b+c@example.test", "a.b+c", "example.test", id="dots and a plus"),
        pytest.param("a!#$%&'*/=?^_`{|}~-@example.test", "a!#$%&'*/=?^_`{|}~-", "example.test",
                     id="every character of an atom"),
        pytest.param("root@localhost", "root", "localhost", id="one label"),
        pytest.param("a@example.test.", "a", "example.test", id="a dot at the end"),
        pytest.param("a@_x.example.test", "a", "_x.example.test", id="an underscore"),
        pytest.param("a@[192.0.2.1]", "a", "[192.0.2.1]", id="an IPv4 literal"),
        pytest.param("a@[IPV6:2001:DB8:0::1]", "a", "[IPv6:2001:db8::1]", id="an IPv6 literal"),
        pytest.param('"a b"@example.test', "a b", "example.test", id="quoted"),
        pytest.param('"a\\"\\\\\\b"@example.test', 'a"\\b', "example.test", id="quoted pairs"),
        pytest.param('"a@b"@example.test', "a@b", "example.test", id="an @ in quotes"),
        pytest.param('"alice"@example.test', "alice", "example.test", id="quoted without need"),
        pytest.param('""@example.test', "", "example.test", id="an empty local part"),
        pytest.param("x" * 128 + "@example.test", "x" * 128, "example.test", id="a long local part"),
    ],
)  # fmt: skip
def test_what_is_a_mailbox(text, local, domain):
    mailbox = parse_mailbox(text)
    assert (mailbox.local, mailbox.domain) == (local, domain)
    assert parse_mailbox(str(mailbox)) == mailbox


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "no @", id="nothing"),
        pytest.param("alice", "no @", id="no domain"),
        pytest.param("@example.test", "the local part is none", id="no local part"),
        pytest.param("alice@", "the domain is none", id="an empty domain"),
        pytest.param("a@b@example.test", "the domain is none", id="two of @"),
        pytest.param("a..b@example.test", "the local part is none", id="two dots"),
        pytest.param(".a@example.test", "the local part is none", id="a dot in front"),
        pytest.param("a.@example.test", "the local part is none", id="a dot behind"),
        pytest.param("a b@example.test", "the local part is none", id="a space"),
        pytest.param("a(c)@example.test", "the local part is none", id="a comment"),
        pytest.param("a@-b.test", "the domain is none", id="a hyphen in front"),
        pytest.param("a@b-.test", "the domain is none", id="a hyphen behind"),
        pytest.param("a@b..test", "the domain is none", id="an empty label"),
        pytest.param("a@example.test..", "the domain is none", id="two dots at the end"),
        pytest.param("a@" + "x" * 64 + ".test", "the domain is none", id="a long label"),
        pytest.param("a@" + "x." * 127 + "test", "the domain is too long", id="a long domain"),
        pytest.param("a@[192.0.2.256]", "the address literal is none", id="no address"),
        pytest.param("a@[192.0.2.01]", "the address literal is none", id="a zero in front"),
        pytest.param("a@[2001:db8::1]", "the address literal is none", id="IPv6 without tag"),
        pytest.param("a@[IPv6:fe80::1%eth0]", "an address literal has no zone", id="a zone"),
        pytest.param("a@[192.0.2.1", "the address literal does not end", id="no bracket"),
        pytest.param("a@[x-tag:y]", "the address literal is none", id="an unknown tag"),
        pytest.param('"a@example.test', "a quoted string does not end", id="an open quote"),
        pytest.param('"a"b@example.test', "no @ behind the quoted string", id="text behind quotes"),
        pytest.param('a"b"@example.test', "the local part is none", id="quotes in the middle"),
        pytest.param("x" * 129 + "@example.test", "the local part is too long", id="a local part"),
        pytest.param("x" * 100 + "@" + "a." * 80 + "test", "over 254 octets", id="all of it"),
        pytest.param("a\r\nRCPT TO:<b@c>@example.test", "characters that are not printable",
                     id="a line end"),
        pytest.param('"a\tb"@example.test', "characters that are not printable", id="a tab"),
        pytest.param("a\x00@example.test", "characters that are not printable", id="NUL"),
        pytest.param("a@example.test\n", "characters that are not printable", id="LF at the end"),
        pytest.param("ü@example.test", "characters beyond ASCII need SMTPUTF8", id="no SMTPUTF8"),
        pytest.param("a@ü.test", "characters beyond ASCII need SMTPUTF8", id="a U-label without"),
    ],
)  # fmt: skip
def test_what_is_none_and_why(text, reason):
    with pytest.raises(AddressError) as caught:
        parse_mailbox(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "local", "domain"),
    [
        pytest.param("用户@例子.test", "用户", "xn--fsqu00a.test", id="both"),
        pytest.param("a@BÜCHER.test", "a", "xn--bcher-kva.test", id="an upper-case U-label"),
        pytest.param('"ü b"@example.test', "ü b", "example.test", id="quoted"),
    ],
)
def test_what_smtputf8_adds(text, local, domain):
    mailbox = parse_mailbox(text, utf8=True)
    assert (mailbox.local, mailbox.domain) == (local, domain)
    assert parse_mailbox(str(mailbox), utf8=True) == mailbox
    assert mailbox.is_ascii == local.isascii()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a\u2028b@example.test", id="a line separator"),
        pytest.param("a\u0085b@example.test", id="a control beyond ASCII"),
        pytest.param("a\u202eb@example.test", id="text turned round"),
        pytest.param("a\ud800@example.test", id="half a character"),
        pytest.param("a@\u2488com.test", id="no letter of a label"),
        pytest.param("a@example\u3002test", id="another dot"),
    ],
)
def test_what_smtputf8_does_not_add(text):
    with pytest.raises(AddressError):
        parse_mailbox(text, utf8=True)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("Alice@example.test", "alice@EXAMPLE.test", True),
        ('"alice"@example.test', "alice@example.test", True),
        ("u\u0308@example.test", "\u00dc@example.test", True),
        ("alice+x@example.test", "alice@example.test", False),
    ],
)
def test_keys_are_what_two_spellings_have_in_common(first, second, same):
    first, second = (parse_mailbox(text, utf8=True) for text in (first, second))
    assert (first.key == second.key) is same


def test_a_domain_is_read_alone():
    assert parse_domain("MX1.Example.test.") == "mx1.example.test"
    assert parse_domain("[127.0.0.1]") == "[127.0.0.1]"


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_a_mailbox_that_reads_back_or_none(text, utf8):
    try:
        mailbox = parse_mailbox(text, utf8=utf8)
    except AddressError:
        return
    assert parse_mailbox(str(mailbox), utf8=True) == mailbox
    assert str(mailbox).isprintable()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_printable_local_part_reads_back(local):
    mailbox = Mailbox(local, "example.test")
    assert parse_mailbox(str(mailbox)) == mailbox
