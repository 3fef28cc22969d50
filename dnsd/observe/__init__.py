"""What the daemon says about itself: counters, metrics and log lines.

Processes count in shared memory (`page.py`), in slots that one table of every
metric lays out (`metrics.py`); `exposition.py` sums the slots when Prometheus
asks. `log.py` writes events. Nothing here decides anything, and no label value
or number of series ever depends on what the network sends.

Read `page.py` first.
"""
