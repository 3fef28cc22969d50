"""Zones: from the file a person wrote to the answer a client gets.

``zonefile`` reads and writes zone files (YAML, master files) as drafts;
``build`` checks a draft, adds what the server keeps (SOA, reverse zones) and
makes nodes of it; the modules at this level store versions of nodes and answer
from them.

Not here: messages, transports, limits on clients. Those are ``query`` and
``net``. Read first: ``zonefile.draft``, ``node``, ``lookup``.

Source: RFC 1034 §4, RFC 1035 §5, RFC 2181, RFC 2308, RFC 4592.
"""
