"""The whole way of a query: never an exception, never a reply that is no reply.

Run: ``PYTHONPATH=tests python tests/fuzz/targets/pipeline.py [libFuzzer options]``
"""

import sys

from fakes.authority import FakeAuthority

from dnsd.query.acl import Networks
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.request import Request, Transport
from dnsd.query.views import ViewOptions, Views
from dnsd.wire.message import parse_message

CLIENT = b"\xc0\0\2\1"


def make_pipeline():
    """A server without rate limits, which would hide what it says."""
    everybody = Networks.from_text(["any"])
    return Pipeline(
        Parts(
            authority=FakeAuthority(),
            views=Views(ViewOptions(everybody, everybody)),
            limiter=Limiter(LimiterOptions()),
            cookies=Cookies([b"a secret of ours"]),
            identity=Identity(nsid=b"a1", version=b"dnsd"),
            finish=FinishOptions(),
        )
    )


def one_input(octets):
    """Ask over both transports and read the replies."""
    for transport, longest in ((Transport.UDP, 1232), (Transport.TCP, 65535)):
        reply = make_pipeline().reply(
            Request(octets, CLIENT, 5353, None, transport, 1.0, 1_700_000_000), print
        )
        if reply.crash is not None:
            raise reply.crash
        if not reply.octets:
            assert reply.dropped
            assert len(octets) < 12 or octets[2] & 0x80
            continue
        assert len(reply.octets) <= longest
        assert reply.octets[:2] == octets[:2]
        message = parse_message(reply.octets)
        assert message.flags & 0x8000
        assert message.rcode == reply.rcode


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        sys.exit("skipped: pip install 'dnsd[fuzz]' brings atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
