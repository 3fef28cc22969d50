"""Zone files: what a person wrote, as records with places, and back again.

``draft`` is what every reader returns. ``yaml_zone`` reads the YAML forms
(octoDNS files as they are, and the wrapped form with ``records:``);
``master_file`` reads and writes RFC 1035 §5 master files; ``octodns_export``
writes octoDNS YAML.

Readers never raise for bad content: problems travel inside the draft, all of
them, each with file, line and column. They look at one record at a time;
what only the whole zone can tell (CNAME and other data, missing glue) is
``authority.build.checks``.
"""
