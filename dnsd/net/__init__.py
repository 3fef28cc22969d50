"""Sockets and time: the shell that drives ``query`` and ``resolver``, and no DNS of its own.

``listeners`` makes the sockets, ``udp_batch`` reads and writes datagrams many
a system call, ``connections`` counts streams, ``framed_tcp`` and ``doh`` carry DNS on
them, and ``tls_stream`` stands between where they are encrypted; ``upstream``
exchanges messages with name servers for the resolver, ``clock`` is the one place that asks the reactor for
the time or for a later call. Each is handed its options; none reads configuration,
and the reactor is always an argument.
"""
