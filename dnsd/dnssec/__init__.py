"""DNSSEC as pure functions: signatures, keys, digests, and proofs that something is not there.

Octets in, values out. What comes from strangers is never an error here: a
malformed RRSIG, DNSKEY, DS, NSEC or NSEC3 is unusable, as if it were not there.
`now` (Unix seconds) is an argument. The ``cryptography`` library does the
mathematics; which octets are signed, and whether a signature may count at all,
is decided here.

Not here: which questions must be asked to find a chain of trust. That is
``resolver``. Keeping keys and deciding when to sign is ``control``'s.

Sources: RFC 4033, RFC 4034, RFC 4035, RFC 5155, RFC 6840, RFC 9276.

Read first: ``signatures``, ``validation``, ``chain``, then ``denial``; ``signing`` for own zones.
"""
