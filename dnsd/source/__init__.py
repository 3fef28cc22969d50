"""Files written by a person: YAML with positions, units, and problems.

``problems`` says what is wrong and where; ``marked_yaml`` reads YAML as
strings that remember file, line and column; ``units`` reads durations, sizes
and shares. Configuration and zone files are both read through this package,
and it knows nothing of DNS.
"""
