"""Finding the answer to one question by asking from the root down.

A *procedure* (``fetch``, ``follow``) says what to ask next and what an answer
means; the *resolver* runs procedures, joins those that ask the same, and holds the
budget of each client query; a *network* carries one exchange. Only the network
touches sockets and time, and the tests give one that simulates both.

What may change what is kept here: a reply that ``acceptance`` took for the reply
to its query, as far as ``scrub`` lets its sender speak. Delegations are kept apart
from records, are written by referrals of the parent's servers only, and nothing
else steers whom we ask.

Not here: who may ask, local names, what the client gets (``query``); sockets
(``net``); DNSSEC validation (not yet).

Source: RFC 1034 §5.3.3, RFC 2181 §5.4.1, RFC 2308, RFC 5452, RFC 8767, RFC 9156,
RFC 9520. Read ``commands``, ``fetch``, ``resolver`` first.
"""
