"""Conversations of SMTP, both ends, as sessions that take octets and give events.

Source: RFC 5321, RFC 6409, RFC 3207, RFC 4954. Read ``grammar`` and ``session`` first.
"""
