"""The header that a signature covers: the last of several first, what is not there is nothing."""

from dnsd.mail.dkim.signature import is_selector, parse, signed_header, without_value

FIELD = (
    b"DKIM-Signature: v=1; a=rsa-sha256; d=example.test; s=s1; h=From:Subject:Subject:Subject;\r\n"
    b"\tbh=AA==; b=QUJD\r\n\t REVG; c=relaxed\r\n"
)
FIELDS = [b"Subject: one\r\n", b"From: a@example.test\r\n", b"SUBJECT : two\r\n", FIELD]


def test_fields_are_taken_from_the_last_to_the_first():
    covered = signed_header(parse(FIELD, 0), FIELDS)
    before, _, own = covered.partition(b"dkim-signature:")
    assert before == b"from:a@example.test\r\nsubject:two\r\nsubject:one\r\n"
    assert own == (
        b"v=1; a=rsa-sha256; d=example.test; s=s1; h=From:Subject:Subject:Subject; bh=AA==; b=; c=relaxed"
    )


def test_only_the_value_of_b_is_left_out():
    assert without_value(b"x: bh=QQ==; b=QUJD; s=b\r\n") == b"x: bh=QQ==; b=; s=b\r\n"
    assert without_value(b"x: b = QUJD\r\n\tREVG\r\n") == b"x: b =\r\n"
    assert without_value(b"x: s=a=b; b=1\r\n") == b"x: s=a=b; b=\r\n"


def test_what_can_be_a_selector():
    assert all(map(is_selector, ("s1", "2026-11.mail", "_a")))
    assert not any(map(is_selector, ("", "my key", "a..b", "-a", ".a", "a/b")))


def test_what_is_read():
    found = parse(FIELD, 0)
    assert found.signature == b"ABCDEF"
    assert found.key_name == "s1._domainkey.example.test"
    assert found.fields == (b"from", b"subject", b"subject", b"subject")
    assert (found.length, found.expires) == (None, None)
