"""Files whose content must outlast a power failure: small ones, and SQLite tables.

``files`` puts a file in its place whole and safe on disk; ``table`` opens a SQLite file
of which each committed row is. What stands in them is the business of who asks.
"""
