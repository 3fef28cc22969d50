"""What happens to one request, without sockets.

A request is octets, who sent them over which transport, and when. It becomes a
reply by the ordered steps of ``pipeline``; what a step needs, it is handed:
the zones through a Protocol, the time as an argument. Nothing here logs or
counts: a :class:`.request.Reply` carries facts and the shell counts them.

Read first: ``request``, then ``pipeline`` and ``replies``. Each of the others is
one rule: ``views`` and ``acl`` (who may ask), ``cookies`` (RFC 7873, RFC 9018),
``ratelimit`` (a reply over its rate says TC=1), ``identity`` (RFC 4892,
RFC 5001), ``finish`` (RFC 6891, truncation, RFC 8914), ``crashes``, ``stream``
(RFC 7766), and ``answer_cache`` for queries that were answered before.

Not here: what a zone says (``authority``) and what octets mean (``wire``).
"""
