"""The program with a defect put in: one name kills the process that is asked for it.

    python tests/experiments/deadly_name.py serve --config dnsd.yaml

No exception but SIGKILL, as a defect below Python or the kernel's memory killer
would end it. The defect is put in here, from outside; dnsd has nothing for it.
"""

from __future__ import annotations

import os
import signal

from dnsd.cli.main import main
from dnsd.query.pipeline import Pipeline

LABEL = "deadly"
_IN_QUESTION = bytes((len(LABEL),)) + LABEL.encode()


def put_defect_in():
    """Make every process die that works on the name."""
    reply = Pipeline.reply

    def reply_or_die(self, request, later):
        if _IN_QUESTION in request.octets:
            os.kill(os.getpid(), signal.SIGKILL)
        return reply(self, request, later)

    Pipeline.reply = reply_or_die


if __name__ == "__main__":
    put_defect_in()
    main()
