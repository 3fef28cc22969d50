"""Whether what servers said is what its zone signed: the chain of trust, and judgement.

trust      where trust begins: anchors, and names for which it is taken back
chain      from an anchor down to the keys of a zone, or to where signing ends
judgement  one reply: secure, insecure or bogus, and nothing else
aggressive answers made of denials that are kept
clock      whether that of this machine may be wrong
sentinel   what clients and the root may learn of the keys that are trusted
evidence   what chain and judgement found on their way, for whoever wants to see it
"""
