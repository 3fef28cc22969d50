"""A small Internet in one place: what the lab shows and the tests resolve in.

Zones, the authorities that serve them, one that lies, and the ways between
addresses with their delay and loss. In tests it runs in simulated time without
sockets; ``dnsd lab`` puts the same authorities on loopback addresses.

    zone        zones in memory, answered by the daemon's own look-up
    authority   a server: a query in, replies out, with the manners of real ones
    hostile     a server that may answer anything; what it does is put together of
                ``forgeries`` (to be believed) and ``exhaustion`` (to cost work)
    internet    who stands where, routes, and time: the resolver's ``Network``

Nothing is drawn here but by numbers that are handed in, so that equal seeds give
equal histories.
"""
