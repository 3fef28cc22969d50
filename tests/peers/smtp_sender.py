"""Sends messages over one connection with the product's own sending end, and prints what came of it.

``python tests/peers/smtp_sender.py PORT [--messages N] [--size OCTETS] [--tls KIND]``; one
line of JSON: results, and CPU time of this process a message on the kept connection.
"""

import argparse
import json
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.smtp_dialogue import Octets, mail
from twisted.internet import reactor

from dnsd.mail.dane import usable
from dnsd.mail.smtp.client_events import ClientOptions
from dnsd.mail.tls_policy import TlsKind, TlsPolicy
from dnsd.net.clock import Clock, use_monotonic_time
from dnsd.net.smtp_client import Destination, Surroundings, connect
from dnsd.net.smtp_tls import SmtpTls


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Sender:
    """Sends the same message again and again, then takes leave."""

    def __init__(self, count, message, warm_up):
        self.count, self.message, self.warm_up = count, message, warm_up
        self.results, self.started, self.tls, self.end = [], None, "", None

    def ready(self, connection):
        if len(self.results) == self.warm_up:
            self.started = cpu_s()
        if len(self.results) < self.count:
            connection.send(self.message)
        else:
            self.tls = connection.tls_text
            self.used = cpu_s() - (self.started or cpu_s())
            connection.quit()

    def finished(self, connection, finished):
        self.results.append([str(result) for result in finished.results])

    def closed(self, connection, closed):
        self.end = [closed.reason and closed.reason.value, closed.text]
        reactor.callLater(0, reactor.stop)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--messages", type=int, default=1)
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--tls", default="opportunistic")
    parser.add_argument("--names", default="sink.test")
    parser.add_argument("--tlsa", default="")
    parser.add_argument("--trust")
    chosen = parser.parse_args()
    use_monotonic_time(reactor)
    line = b".0123456789" * 6 + b"\r\n"
    octets = b"Subject: a\r\n\r\n" + line * (chosen.size // len(line) + 1)
    sender = Sender(chosen.messages, mail(content=Octets(octets)), chosen.messages // 10)
    policy = TlsPolicy(
        TlsKind(chosen.tls),
        chosen.names,
        (chosen.names,),
        usable((bytes.fromhex(chosen.tlsa),)) if chosen.tlsa else (),
    )
    around = Surroundings(reactor, Clock(reactor), SmtpTls(chosen.trust), 5.0)
    to = Destination("127.0.0.1", chosen.port, "sink.test", policy)
    options = ClientOptions("relay.example", "sink.test", policy.use)
    reactor.callWhenRunning(connect, around, to, options, sender)
    reactor.run()
    timed = chosen.messages - chosen.messages // 10
    report = {"results": sender.results[-1:], "sent": len(sender.results), "end": sender.end,
              "tls": sender.tls, "us": round(1e6 * getattr(sender, "used", 0) / max(timed, 1), 1)}  # fmt: skip
    print(json.dumps(report))


if __name__ == "__main__":
    main()
