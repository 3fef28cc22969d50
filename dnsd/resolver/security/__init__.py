"""Whether what servers said is what its zone signed: the chain of trust, and judgement.

trust      where trust begins: anchors, and names for which it is taken back
chain      from an anchor down to the keys of a zone, or to where signing ends
judgement  one reply: secure, insecure or bogus, and nothing else
evidence   what the two found on their way, for whoever wants to see it
"""
