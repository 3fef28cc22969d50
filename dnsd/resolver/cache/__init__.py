"""What was learned, for as long as it may be believed.

Two stores that never mix: *records*, which answer questions, and *delegations*,
which say whom to ask. ``contract`` is what the resolver needs of them, ``memory``
the plain implementation, ``lmdb_store`` the one that all workers share.
"""
