"""What was learned, for as long as it may be believed.

Three stores that never mix: *records*, which answer questions, *delegations*, which
say whom to ask, and *denials* of signed zones, of which answers are made. ``contract`` is what the resolver needs of them, ``memory``
the plain implementation, ``lmdb_store`` the one that all workers share.
"""
