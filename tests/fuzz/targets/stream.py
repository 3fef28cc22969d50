"""DNS over TCP: any chunking of the same octets gives the same events.

Run: ``python tests/fuzz/targets/stream.py [libFuzzer options]``
"""

import itertools
import sys

from dnsd.query.stream import StreamOptions, StreamSession


def converse(chunks, options):
    """Feed chunks to a session whose replies are its messages backwards.

    The client reads whatever it is sent, at once.

    Returns:
        The messages handed out, and all octets sent.
    """
    session = StreamSession(options, 0.0)
    messages, sent = [], b""
    for now, chunk in enumerate(chunks):
        session.receive(chunk, float(now))
        while True:
            while (message := session.next_message(float(now))) is not None:
                messages.append(message)
                session.send(message[::-1], float(now))
            octets = session.octets_to_send(float(now))
            sent += octets
            if not octets and not session.has_message:
                break
    session.end()
    assert session.is_finished
    assert session.unsent_octets == 0
    return messages, sent


def cut(octets, places):
    """Cut octets at some places, which are taken modulo their number."""
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return [octets[start:end] for start, end in itertools.pairwise(edges)]


def one_input(octets):
    """Compare one chunk, single octets, and cuts where the first octets say."""
    options = StreamOptions(in_flight=1 + (octets[0] & 31 if octets else 0))
    places, octets = octets[1:5], octets[5:]
    whole = converse([octets], options)
    assert converse(cut(octets, places), options) == whole
    assert converse([bytes([octet]) for octet in octets], options) == whole


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        sys.exit("skipped: pip install 'dnsd[fuzz]' brings atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
