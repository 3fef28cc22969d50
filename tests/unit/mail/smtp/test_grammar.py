import pytest

from dnsd.mail import reply
from dnsd.mail.address import Mailbox
from dnsd.mail.envelope import Body
from dnsd.mail.smtp.grammar import (
    MailArguments,
    SyntaxFault,
    parse_command,
    parse_mail,
    parse_recipient,
    parse_text,
)

A = Mailbox("a", "b.test")


@pytest.mark.parametrize(
    ("text", "verb", "argument"),
    [
        ("NOOP", "NOOP", ""),
        ("noop  x y ", "NOOP", "x y"),
        ("MAIL FROM:<>", "MAIL", "FROM:<>"),
        ("X-Y z", "", "z"),
        ("MÄIL", "", ""),
        ("", "", ""),
    ],
)
def test_a_line_has_a_verb(text, verb, argument):
    assert parse_command(text) == (verb, argument)


@pytest.mark.parametrize("line", [b"a\n", b"a\r", b"a\tb\r\n", b"\xff\r\n", b"\x7f\r\n", b"\n"])
def test_what_is_no_text(line):
    with pytest.raises(SyntaxFault) as caught:
        parse_text(line)
    assert caught.value.reply is reply.LINE_MALFORMED


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        pytest.param("FROM:<a@b.test>", MailArguments(A), id="a sender"),
        pytest.param("from: <a@B.test>", MailArguments(A), id="a space that devices send"),
        pytest.param("FROM:<>", MailArguments(None), id="the null reverse-path"),
        pytest.param("FROM:<@x.test,@y.test:a@b.test>", MailArguments(A), id="a route is left out"),
        pytest.param('FROM:<"> "@b.test> SIZE=0', MailArguments(Mailbox("> ", "b.test"), 0),
                     id="a bracket in quotes"),
        pytest.param("FROM:<a@b.test> SIZE=12345", MailArguments(A, 12345), id="a size"),
        pytest.param("FROM:<a@b.test>  body=8bitmime", MailArguments(A, None, Body.EIGHT_BIT),
                     id="a body"),
        pytest.param("FROM:<a@b.test> BODY=7BIT", MailArguments(A), id="the usual body"),
        pytest.param("FROM:<a@b.test> AUTH=<>", MailArguments(A), id="whoever sent it elsewhere"),
        pytest.param("FROM:<ü@b.test> SMTPUTF8",
                     MailArguments(Mailbox("ü", "b.test"), utf8=True), id="beyond ASCII"),
        pytest.param("FROM:<[192.0.2.1]@b.test>", reply.BAD_SENDER, id="no local part"),
    ],
)  # fmt: skip
def test_what_mail_says(argument, said):
    if isinstance(said, reply.Reply):
        with pytest.raises(SyntaxFault) as caught:
            parse_mail(argument)
        assert caught.value.reply is said
    else:
        assert parse_mail(argument) == said


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        pytest.param("", reply.BAD_SENDER, id="nothing"),
        pytest.param("a@b.test", reply.BAD_SENDER, id="no FROM"),
        pytest.param("FROM:a@b.test", reply.BAD_SENDER, id="no brackets"),
        pytest.param("FROM:<a@b.test", reply.BAD_SENDER, id="half a bracket"),
        pytest.param("FROM:<a@b.test>>", reply.BAD_SENDER, id="a bracket too many"),
        pytest.param("FROM:<<a@b.test>>", reply.BAD_SENDER, id="two brackets"),
        pytest.param("FROM:<a@b.test>SIZE=1", reply.BAD_SENDER, id="no space"),
        pytest.param("FROM:<a>", reply.BAD_SENDER, id="no domain"),
        pytest.param("FROM:<postmaster>", reply.BAD_SENDER, id="a postmaster of nowhere"),
        pytest.param("TO:<a@b.test>", reply.BAD_ARGUMENT, id="TO"),
        pytest.param("FROM:<a@b.test> SIZE", reply.BAD_PARAMETER, id="a size without"),
        pytest.param("FROM:<a@b.test> SIZE=", reply.BAD_PARAMETER, id="an empty size"),
        pytest.param("FROM:<a@b.test> SIZE=-1", reply.BAD_PARAMETER, id="less than nothing"),
        pytest.param("FROM:<a@b.test> SIZE=\u0661", reply.BAD_PARAMETER, id="digits beyond ASCII"),
        pytest.param("FROM:<a@b.test> SIZE=" + "1" * 21, reply.BAD_PARAMETER, id="many digits"),
        pytest.param("FROM:<a@b.test> SIZE=1 SIZE=2", reply.BAD_PARAMETER, id="twice"),
        pytest.param("FROM:<a@b.test> BODY=BINARYMIME", reply.BAD_PARAMETER, id="an unknown body"),
        pytest.param("FROM:<a@b.test> BODY", reply.BAD_PARAMETER, id="a body without"),
        pytest.param("FROM:<a@b.test> SMTPUTF8=yes", reply.BAD_PARAMETER, id="a value too many"),
        pytest.param("FROM:<a@b.test> X=1", reply.UNKNOWN_PARAMETER, id="unknown"),
        pytest.param("FROM:<a@b.test> REQUIRETLS", reply.UNKNOWN_PARAMETER, id="not followed"),
        pytest.param("FROM:<a@b.test> RET=HDRS", reply.UNKNOWN_PARAMETER, id="not followed yet"),
        pytest.param("FROM:<a@b.test> AUTH", reply.UNKNOWN_PARAMETER, id="AUTH without"),
        pytest.param("FROM:<a@b.test> =1", reply.BAD_PARAMETER, id="no keyword"),
        pytest.param("FROM:<a@b.test> -X=1", reply.BAD_PARAMETER, id="a hyphen in front"),
        pytest.param("FROM:<ü@b.test>", reply.UTF8_NOT_DECLARED, id="beyond ASCII"),
    ],
)  # fmt: skip
def test_what_mail_may_not_say(argument, said):
    with pytest.raises(SyntaxFault) as caught:
        parse_mail(argument)
    assert caught.value.reply is said


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        pytest.param("TO:<a@b.test>", A, id="a recipient"),
        pytest.param("to: <a@b.test>", A, id="a space"),
        pytest.param("TO:<PostMaster>", Mailbox("postmaster", "mx.test"), id="our postmaster"),
        pytest.param('TO:<"@x:a"@b.test>', Mailbox("@x:a", "b.test"), id="no route but quotes"),
        pytest.param("TO:<>", reply.BAD_RECIPIENT, id="nobody"),
        pytest.param("FROM:<a@b.test>", reply.BAD_ARGUMENT, id="FROM"),
        pytest.param("TO:<@x.test:a@b.test>", reply.ROUTED_ADDRESS, id="a route"),
        pytest.param("TO:<@x.test,@y.test:a@b.test>", reply.ROUTED_ADDRESS, id="a long route"),
        pytest.param("TO:<a@b.test> NOTIFY=NEVER", reply.UNKNOWN_PARAMETER, id="a parameter"),
        pytest.param("TO:<ü@b.test>", reply.UTF8_NOT_DECLARED, id="beyond ASCII"),
    ],
)
def test_what_rcpt_says(argument, said):
    if isinstance(said, Mailbox):
        assert parse_recipient(argument, "mx.test", utf8=False) == said
    else:
        with pytest.raises(SyntaxFault) as caught:
            parse_recipient(argument, "mx.test", utf8=False)
        assert caught.value.reply is said


def test_rcpt_beyond_ascii():
    assert parse_recipient("TO:<ü@b.test>", "mx.test", utf8=True) == Mailbox("ü", "b.test")


def test_unmatched_quotes_take_no_time():
    with pytest.raises(SyntaxFault):
        parse_mail("FROM:<" + '"\\"' * 680 + ">")
