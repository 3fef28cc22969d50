"""Processes of the daemon: what is built from configuration, started and watched.

``dnsd serve`` runs one of two shapes. With ``workers: 0`` everything lives in one
process on one reactor (``single``). Otherwise a *supervisor* binds every socket,
drops privileges, forks *workers* that answer DNS and one *control* process that
compiles zones and answers the operator, and watches them.

- **row**: the place of one process in the shared page: its counters, its heartbeat.
- **share**: one socket of each address, made for one worker; whoever's row stands
  in the page reads it, so a survivor takes over a dead worker's share.
- **successor, predecessor**: two processes of the same share during a replacement.

Nothing here knows a protocol. Read ``wiring`` first: it is the only place that
builds objects from configuration. Then ``supervisor``, ``worker``, ``single``.
"""
