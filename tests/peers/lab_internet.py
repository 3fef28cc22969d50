"""Name servers of the lab on loopback addresses, beside whatever the test does."""

import asyncio
import contextlib
import threading

from dnsd.cli import lab_servers

PATIENCE_S = 30.0


@contextlib.contextmanager
def served(places, port):
    """Serve from places, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE_S)

    try:
        servers = run(lab_servers.serve(places, port, lambda *_: None))
        try:
            yield
        finally:
            run(servers.aclose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
