"""COOKIE options: no other outcome than a verdict, none accepted without the secret.

Run: ``python tests/fuzz/targets/cookies.py [libFuzzer options]``
"""

import sys

from dnsd.query.cookies import CLIENT_ONLY, INVALID, MALFORMED, VALID, Cookies

CLIENT = b"\xc0\0\2\1"
SECRETS = [b"a secret of ours", b"the one before it"[:16]]


def one_input(octets):
    """Judge one option; the first octets are the time."""
    wall_now = int.from_bytes(octets[:4], "big")
    option = octets[4:]
    cookies = Cookies(SECRETS)
    verdict, answer = cookies.answer(option, CLIENT, wall_now)
    if len(option) == 8:
        assert verdict == CLIENT_ONLY
    elif 16 <= len(option) <= 40:
        # Finding a valid one takes 2**64 tries.
        assert verdict == INVALID
    else:
        assert (verdict, answer) == (MALFORMED, b"")
        return
    assert answer[:8] == option[:8]
    assert cookies.verify(answer, CLIENT, wall_now) == VALID
    assert cookies.verify(answer, b"\xc0\0\2\2", wall_now) == INVALID


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        sys.exit("skipped: pip install 'dnsd[fuzz]' brings atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
