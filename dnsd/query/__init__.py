"""What happens to one request, without sockets.

A request is octets, who sent them over which transport, and when. It becomes a
reply by the ordered steps of ``pipeline``; what a step needs, it is handed:
the zones through a Protocol, the time as an argument. Nothing here logs or
counts: a :class:`.request.Reply` carries facts and the shell counts them.

Read first: ``request``, then ``pipeline``. Each of the others is one step or
one rule: ``views`` and ``acl`` (who may ask), ``cookies`` (RFC 7873, RFC 9018),
``ratelimit`` (RFC 8906 §3.1.4 forbids silence, so a limited reply is TC=1),
``identity`` (RFC 4892, RFC 5001), ``finish`` (RFC 6891, truncation, RFC 8914),
``stream`` (RFC 7766), and ``answer_cache`` with ``fast_path`` for queries that
were answered before.

Not here: what a zone says (``authority``) and what octets mean (``wire``).
"""
