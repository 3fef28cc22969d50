"""The server's configuration: what ``dnsd.yaml`` says, checked and made plain.

Two layers of types. ``written`` is the file as a person writes it: ``auto``,
``5m``, one item where a list is meant, every key with its sentence, default and
example. ``schema`` is what the rest of the program reads: frozen, in units that
stand in the names, nothing left to decide. ``loader`` leads from the one to the
other and reports every problem of the file at once; ``describe`` prints the keys.

Only ``run``, ``control`` and ``cli`` read configuration; the packages below them
are handed their own options. Read ``schema`` first, then ``written``.
"""
