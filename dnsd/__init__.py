"""dnsd: an authoritative name server for zones that a person can read.

This is the map of the house. Data goes one way through it, and nothing
downstream reaches back up; what a step needs, it is handed::

    datagrams ── net/udp_batch ──► query/answer_cache ──hit──► datagrams
                                        │ miss
    TCP ── net/framed_tcp ──────► net/responder
                                        ▼
              query/pipeline: parse → opcode, class, version → who asks
                              → cookie → authority → rate limit → finish
                                        │
                                        ▼
              authority/answer ◄── authority/store (LMDB, one version a zone)
                                        ▲
    zones/*.yaml ── source/marked_yaml ─┤
                    authority/zonefile  │  read: a draft with places
                    authority/build     │  check, serial, reverse zones, nodes
                                        └─ one transaction makes a version visible

    control: reload, watch, status over HTTP on a unix socket; /metrics
    run:     binds, drops privileges, forks and watches; wires it all together

A **hit** is octets in, octets out, never an object: the query's octets after its
ID lead to the reply's octets after its ID. A **miss** runs the pipeline, which is
pure: what it needs from the world stands in the request, what happened stands in
the reply as facts, and the shell counts them.

Layers, each may import those to its right::

    cli → lab → run → control → net → {config | observe} → query → {resolver | authority} → {wire | source}

Twisted appears only in ``net``, ``control``, ``run`` and ``cli``. The core takes the
time and entropy as arguments and does no I/O; the two stores are the exception,
by name: ``authority/store`` (LMDB) and ``authority/serials`` (SQLite). Tests in
``tests/house`` hold all of this.

Three shapes of core code, no fourth: a *function*, a *session*
(``receive(octets, now) -> events``, such as ``query/stream``), and a *procedure*.

Processes: ``workers: 0``, the default, runs everything on one reactor. Otherwise a
supervisor without a reactor forks workers, which answer DNS, and one control
process, which compiles zones and talks to people. They share one page of memory
(``observe/page``): counters, heartbeats, and the *generations* whose change makes
cached answers out of date. Workers answer DNS whatever the others do.

A zone is compiled in a helper process, checked whole, written under a fresh
version id, and becomes visible by one small transaction; a broken file leaves the
old version in place. Nothing is ever answered from half a zone.

Where to read first: ``wire/names``, ``authority/lookup``, ``query/pipeline``,
``net/udp_batch``, ``run/wiring``.
"""
