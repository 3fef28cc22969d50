"""How the running daemon is asked and told things, and how zones get compiled.

One protocol: HTTP over a unix socket is the interface; command line and console
speak it (`client.py`), `http.py` bounds it, `routes.py` lists what there is and
`operations.py` does each thing once. Metrics and health are also served on a
loopback address.

Zones are compiled by a process of its own (`compile_process.py`, started by
`compiler.py`), one run at a time (`reload.py`), when somebody asks or a file
changes (`watch.py`).

Losing this package's process never stops answers.
"""
