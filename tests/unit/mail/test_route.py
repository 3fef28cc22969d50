import pytest
from fakes.relay_forms import FORMS, PLAIN, ROUTED
from fakes.smtp import SmallDirectory, greeted

from dnsd.mail import reply
from dnsd.mail.address import AddressError, parse_mailbox
from dnsd.mail.route import ANYWHERE, ClientStanding, Local, Refused, Relay, route

STRANGER = ClientStanding()
DIRECTORY = SmallDirectory()
# What somebody may be who is no account and in no network that may relay there.
STRANGERS = {
    "nobody": STRANGER,
    "a network with other destinations": ClientStanding(destinations=frozenset({"other.test"})),
    "a network that may log in plainly": ClientStanding(may_log_in_plainly=True),
}
ACCOUNT = ClientStanding(account="alice")
LISTED = ClientStanding(destinations=ANYWHERE)


def to(text):
    return parse_mailbox(text)


@pytest.mark.parametrize("standing", STRANGERS)
@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_relayed_for_strangers(form, standing):
    try:
        mailbox = parse_mailbox(FORMS[form])
    except AddressError:
        return
    assert isinstance(route(mailbox, STRANGERS[standing], DIRECTORY), Refused)


def test_the_forms_are_thirty():
    assert len(FORMS) == 30


@pytest.mark.parametrize("helo", [b"mx.example.test", b"[192.0.2.25]", b"localhost"])
@pytest.mark.parametrize("form", FORMS)
def test_no_form_is_relayed_whatever_the_client_calls_itself(form, helo):
    conversation = greeted()
    conversation.say(b"EHLO " + helo + b"\r\n", b"MAIL FROM:<alice@example.test>\r\n")
    said = conversation.say(b"RCPT TO:<" + FORMS[form].encode() + b">\r\n")
    assert said[:1] == b"5"
    assert conversation.say(b"DATA\r\n") == reply.NO_RECIPIENTS.octets()


@pytest.mark.parametrize(
    ("text", "client", "went"),
    [
        pytest.param("alice@example.test", STRANGER, Local((to("alice@example.test"),)), id="ours"),
        pytest.param("ALICE+x@Example.Test.", STRANGER, Local((to("ALICE+x@example.test"),)),
                     id="a sub-address"),
        pytest.param("bob@[192.0.2.25]", STRANGER, Local((to("bob@[192.0.2.25]"),)),
                     id="our literal"),
        pytest.param("x@example.test", STRANGER, Refused(reply.UNKNOWN_RECIPIENT), id="unknown"),
        pytest.param("x@example.test", ACCOUNT, Refused(reply.UNKNOWN_RECIPIENT),
                     id="unknown to accounts too"),
        pytest.param("x@example.test", LISTED, Refused(reply.UNKNOWN_RECIPIENT),
                     id="unknown to listed networks too"),
        pytest.param("x@elsewhere.test", STRANGER, Refused(reply.RELAY_DENIED), id="not ours"),
        pytest.param("x@elsewhere.test", ACCOUNT, Relay(), id="for an account"),
        pytest.param("x@elsewhere.test", LISTED, Relay(), id="for a listed network"),
        pytest.param("x@elsewhere.test", ClientStanding(destinations=frozenset({"elsewhere.test"})),
                     Relay(), id="to a listed destination"),
        pytest.param("x@sub.elsewhere.test",
                     ClientStanding(destinations=frozenset({"elsewhere.test"})),
                     Refused(reply.RELAY_DENIED), id="below a listed destination"),
        pytest.param("a%b@elsewhere.test", ACCOUNT, Relay(), id="a route that an account may ask"),
        pytest.param("a%b@elsewhere.test", LISTED, Refused(reply.ROUTED_ADDRESS),
                     id="a route that a device may not"),
        pytest.param("a%b@example.test", STRANGER, Refused(reply.ROUTED_ADDRESS),
                     id="a route at ours"),
    ],
)  # fmt: skip
def test_where_mail_goes(text, client, went):
    assert route(parse_mailbox(text), client, DIRECTORY) == went


def test_what_each_form_is_refused_for():
    for form in PLAIN:
        went = route(parse_mailbox(PLAIN[form]), STRANGER, DIRECTORY)
        assert went == Refused(reply.RELAY_DENIED), form
    for form in ROUTED:
        if not ROUTED[form].startswith("@"):
            went = route(parse_mailbox(ROUTED[form]), STRANGER, DIRECTORY)
            assert went == Refused(reply.ROUTED_ADDRESS), form
