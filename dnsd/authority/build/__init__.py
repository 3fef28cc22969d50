"""From drafts to what is served: checks, kept records, nodes, one publication.

The way of one zone: ``sorted_zone`` brings a draft's records into canonical
order and marks its names; ``checks`` with ``record_checks`` and
``zone_checks`` say what is wrong; ``soa`` makes the SOA that the server keeps
and its serial; ``nodes`` makes the octets that the store holds; ``difference``
compares them with what is served. ``reverse`` makes PTR records from forward
zones. ``compilation`` runs all of it over the zone files: whatever changed
becomes visible at once, and a zone that has an error keeps its old version.

Not here: reading files (``authority.zonefile``) and the store itself.
"""
