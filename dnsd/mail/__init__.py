"""Mail: taking it, keeping it until it is elsewhere, and finding where that is.

``smtp`` holds the two ends of a conversation as sessions without sockets; ``route`` says
of each recipient whether it is ours, relayed or refused; ``queue`` and ``spool`` keep
what was accepted; ``delivery`` makes of a domain the hosts to try, with the proof that
each must give. What the DNS says comes through ``lookup``, with how sure it is.

Not here: sockets and time (``net``), finding answers (``resolver``), the records that a
mail domain publishes.

Source: RFC 5321, RFC 6409, RFC 7672, RFC 8461, RFC 3464. Read ``address``, ``route``,
``smtp.session`` and ``delivery`` first.
"""
