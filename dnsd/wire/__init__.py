r"""DNS data: octets and text to values and back, without any I/O.

Every octet that a stranger sends is read here and nowhere else. The readers
are bounded, and each has one documented exception, :class:`.errors.FormError`.

Names are ``bytes`` in wire form, uncompressed and in lower case
(``b"\x03www\x07example\x04test\x00"``); text is made at the edges. RRsets
hold rdata as octets whose embedded names are uncompressed.

Read first: ``names``, ``rrset``, then ``reader`` and ``writer``. Libraries
stand behind this package: dnspython for the text of rarer types, dnslib
in ``objects`` (message objects for everything off the hot path).

Not here: what a message means. That is ``authority`` and ``query``.
"""
