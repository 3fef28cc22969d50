"""Signatures of domains under messages: made for ours, checked on others'.

Message octets go through once, in chunks; what is hashed is decided by the header, so
``sign`` and ``verify`` are given the header first, then the body, then are asked. Only
looking up a key of others waits for anything.

Source: RFC 6376; RFC 8301 (SHA-1 and short RSA keys are no more), RFC 8463 (Ed25519).
Read ``canonical``, ``signature``, ``verify`` first.
"""
