"""A network moved by hand: each exchange waits until the test says how it ends."""

from fakes.replies import records

from dnsd.resolver.commands import Exchanged, Result
from dnsd.wire.edns import Edns
from dnsd.wire.message import AA, QR, Message, Question, parse_query, render_message


class Rehearsal:
    """The ``Network`` of a resolver on a stage.

    Attributes:
        time: that its clock shows; tests move it on.
        open: exchanges under way, the oldest first, each with whom it tells.
        turns: calls that wait for their turn.
    """

    def __init__(self):
        self.time, self.open, self.turns = 1000.0, [], []

    def now(self):
        return self.time

    def call_later(self, _delay_s, call):
        self.turns.append(call)
        return _Cancellable(self.turns, call)

    def exchange(self, exchange, done):
        self.open.append((exchange, done))
        return _Cancellable(self.open, self.open[-1])

    def asked(self):
        """What the oldest exchange asks."""
        return parse_query(self.open[0][0].query)

    def ends(self, result, octets=b"", seconds=0.01):
        """End the oldest exchange."""
        self.open.pop(0)[1](Exchanged(result, octets, seconds))

    def says(self, *, flags=QR | AA, rcode=0, edns=(), **sections):
        """Reply to the oldest exchange; ``edns`` are options, None is no OPT."""
        query = self.asked()
        opt = None if edns is None else Edns(1232, extended_rcode=rcode >> 4, options=edns)
        question = Question(query.qname_as_sent, query.qtype, 1)
        message = Message(query.id, flags | rcode & 15, [question], edns=opt)
        for section, text in sections.items():
            getattr(message, section).extend(records(text))
        self.ends(Result.REPLY, render_message(message))


class _Cancellable:
    def __init__(self, queue, item):
        self.queue, self.item = queue, item

    def cancel(self):
        if self.item in self.queue:
            self.queue.remove(self.item)
