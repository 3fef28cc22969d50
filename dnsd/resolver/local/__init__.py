"""Names that are answered here although no zone holds them: nobody is asked about them.

``local_names`` are the operator's machines: from the configuration, hosts files
(``hosts``) and DHCP leases (``leases``), with PTR records made from their addresses.
``special`` are the names that the standards keep out of the DNS. ``blocks`` are names
that a block list (``lists``) says something about.

Everything here is pure but ``blocks``, which reads a compiled store. Who asks, and
what counts for them, is ``query/policy``'s to know.
"""
