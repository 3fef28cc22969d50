from dnsd.mail import reply
from dnsd.mail.smtp.options import Limits
from dnsd.mail.smtp.strikes import Strikes


def count(strikes, verb, said, times=1):
    """The strikes that are none, as (delay, limit)."""
    found = [strikes.count(verb, said, is_stressed=False) for _ in range(times)]
    return [(strike.delay_s, strike.limit) for strike in found if any(strike)]


def test_errors_delay_and_then_close():
    strikes = Strikes(Limits(soft_errors=2, hard_errors=5, soft_delay_s=3))
    found = count(strikes, "other", reply.UNKNOWN_COMMAND, 5)
    assert found == [(3, ""), (3, ""), (0, "smtp_errors")]


def test_what_is_put_off_is_no_error():
    assert count(Strikes(Limits(hard_errors=1)), "MAIL", reply.NO_SPACE, 100) == []


def test_recipients_too_many_are_errors_after_some():
    strikes = Strikes(Limits(recipient_overshoot=3, hard_errors=2, soft_errors=9))
    assert count(strikes, "RCPT", reply.TOO_MANY_RECIPIENTS, 4) == []
    assert count(strikes, "RCPT", reply.TOO_MANY_RECIPIENTS) == [(0, "smtp_errors")]


def test_guesses_close():
    strikes = Strikes(Limits(authentications=3))
    assert count(strikes, "AUTH", reply.CREDENTIALS_INVALID, 3) == [(0, "smtp_authentications")]
    strikes = Strikes(Limits(unknown_recipients=3))
    assert count(strikes, "RCPT", reply.UNKNOWN_RECIPIENT, 4) == [(0, "smtp_unknown_recipients")]


def test_only_a_message_that_was_taken_makes_good():
    strikes = Strikes(Limits(hard_errors=3))
    count(strikes, "other", reply.UNKNOWN_COMMAND, 2)
    count(strikes, "DATA", reply.GO_AHEAD)
    assert count(strikes, "other", reply.UNKNOWN_COMMAND) == [(0, "smtp_errors")]
    strikes = Strikes(Limits(hard_errors=3))
    count(strikes, "other", reply.UNKNOWN_COMMAND, 2)
    count(strikes, "DATA", reply.queued("A"))
    assert count(strikes, "other", reply.UNKNOWN_COMMAND) == []
