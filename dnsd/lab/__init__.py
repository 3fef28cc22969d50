"""A small Internet in one place: what the lab shows and the tests resolve in.

Zones, the authorities that serve them, one that lies, and the ways between
addresses with their delay and loss. In tests it runs in simulated time without
sockets; ``dnsd lab`` puts the same authorities on loopback addresses.
"""
