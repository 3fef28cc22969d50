"""The command line: one click program, one module for each command.

Every command prints its answer to standard output, with ``--json`` for programs,
and what went wrong to standard error. Exit status: 0 success, 1 the answer is no,
2 usage or configuration. Modules of commands are imported when they are called, and
the reactor only by ``serve``. Read ``main`` first.
"""
