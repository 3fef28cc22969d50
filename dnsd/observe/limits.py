"""The closed list of limits that may be hit, by the name metrics call them.

A limit that can be configured has the name of its key under ``limits:``.
The core reports a hit by its plain name, the shell counts it with
`metrics.limit_slot`. A limit that is missing here is counted as `UNREGISTERED`,
so that no name can make a new series.
"""

from __future__ import annotations

from typing import Final

UNREGISTERED: Final = "unregistered"

# Every limit is a series, so this metric alone may have more than others.
MAX_LIMITS: Final = 200

LIMITS: Final[dict[str, str]] = {
    # datagrams and connections
    "datagrams_per_turn": "a socket had more datagrams than one reactor turn takes",
    "reader_clients": "a socket had more clients than its reader remembers and forgot them",
    "send_buffer": "the kernel had no room for replies over UDP and they were dropped",
    "tcp_clients": "a connection was refused because the worker has too many",
    "tcp_clients_per_net": "a connection was refused because its client net has too many",
    "tcp_first_message": "a connection sent no whole first message in time",
    "tcp_whole_message": "a connection took too long for one message",
    "tcp_idle": "a connection was closed because nothing happened on it",
    "tcp_in_flight": "a connection was paused because too many of its queries wait",
    "tcp_unsent": "a connection was paused because its client does not read",
    "tcp_unsent_time": "a connection was closed because its client did not read in time",
    "tls_handshake": "a connection was closed because its TLS handshake took too long",
    "tls_handshakes": "a connection was refused because its client net began too many TLS handshakes",
    "tls_messages": "a connection was closed because its client spoke too much TLS and no DNS",
    "doh_clients": "a connection of DNS over HTTPS was refused because the worker has too many",
    "doh_streams": "a connection of DNS over HTTPS had more requests at once than it may",
    "doh_resets": "a connection of DNS over HTTPS was closed because it broke off too many requests",
    "doh_frames": "a connection of DNS over HTTPS was closed because of frames without requests",
    "doh_headers": "a request of DNS over HTTPS had too long headers",
    "doh_body": "a request of DNS over HTTPS had too long a body",
    "descriptors": "a connection was not accepted because no descriptor was free",
    # asking name servers
    "outgoing_sockets": "a query to a server waited because no socket could be had",
    "outgoing_tcp": "a query to a server waited because there are too many connections",
    "failure_table": "the table of failed questions was full and its old half was dropped",
    "server_in_flight": "a server was not asked because too much is in flight with it",
    "server_table": "the table of servers was full and its old half was dropped",
    "zone_in_flight": "a question was given up because too much is in flight at its zone",
    "zone_packets": "a zone was given up because its servers got as many packets as one search sends",
    "server_tries": "a zone was given up because none of its servers answers as often as one is asked",
    "referrals": "a question was given up because referrals led on without end",
    "alias_links": "a question was given up because its aliases led on without end",
    "delegation_names": "a referral named more name servers than are kept",
    "name_addresses": "a referral named more addresses of one name server than are kept",
    "delegation_addresses": "a referral named more addresses than are kept in all",
    "delegation_name_fetches": "a zone had more name servers without address than are looked up for it",
    "cut_questions": "where signing ends was asked for too many names, and not found",
    "failed_names": "a zone was given up because too many of its name servers have no address",
    "depth": "a name server was not looked up because the search for others led to it",
    # what one client query may cost
    "query_time": "a client query took too long and was given up",
    "query_packets": "a client query had more packets sent to servers than it may",
    "query_octets": "a client query was sent more by servers than it may be",
    "query_work": "a client query made more work than it may",
    "query_rrsets": "what was found for a client query was not kept because it was too much",
    "query_name_fetches": "a client query had more name servers looked up than it may",
    # clients of the resolver
    "client_misses": "a client asked for more that is not in the cache than its rate allows",
    "fetch_clients": "a client query was given up because too many wait for the same answer",
    "late_answer": "an answer came too late for a client that waits for many and was not sent",
    "recursions": "a client query was refused because too many wait for upstream answers",
    "shed_after": "a client query was given up for a newer one because too many wait",
    "waiting_answers": "a client waited for too many answers to get one more",
    # messages and replies
    "edns_options": "a message held more EDNS options than are read",
    "compressed_names": "names beyond the bound of one message were written in full",
    "response_rate": "a client net got more like responses than its rate allows",
    "error_rate": "a client net got more errors than its rate allows",
    "formerr_rate": "a client net sent more malformed queries than are answered",
    "chaos_rate": "a client net asked for the server's identity too often",
    "view_table": "the table of client verdicts was full and its old half was dropped",
    "chain_links": "a chain of aliases was longer than one answer follows",
    "additional_names": "an answer had more targets than get additional records",
    "answer_cache_entries": "the answer cache was full and its old half was dropped",
    "answer_cache_aliases": "the shortcuts to the answer cache were full and half were dropped",
    # the resolver's cache
    "cache_denials": "signed denials were forgotten because there were too many",
    "cache_delegations": "zone cuts were forgotten because there were too many",
    "cache_entries": "entries were forgotten because there were too many",
    "cache_octets": "entries were forgotten because they took too much room",
    "cache_zone_share": "entries of a zone made room for others of it, for it had its share",
    "name_types": "a type of a name was forgotten because it has too many",
    "rrset_octets": "an RRset or a denial was too long to be kept",
    "rrset_records": "an RRset had too many records to be kept",
    # zones
    "zone_file_size": "a zone file was larger, with what it includes, than is read",
    "zone_file_nodes": "a zone file held more values than are read",
    "zone_file_depth": "a zone file, or its includes, were nested deeper than is read",
    "zone_file_expansion": "aliases or repeated includes made too much of a zone file",
    "zone_deletion_share": "a reload would have deleted too much of a zone",
    "compile_time": "the zone compiler was stopped at its time limit",
    "compile_memory": "the zone compiler reached its memory limit",
    "compile_report": "the zone compiler wrote a longer report than is read",
    "local_file_size": "a hosts or lease file was larger than is read",
    "local_names": "a hosts or lease file held more names than are taken",
    "block_list_size": "a block list was larger than is read",
    "block_list_names": "a block list held more names than are taken",
    "block_list_time": "a block list took too long to be fetched or compiled",
    "watched_directories": "the zone directories hold more directories than are watched",
    # mail
    "message_size": "a message was refused because it is too large",
    "recipients": "a recipient was put off because the message had as many as it may",
    "smtp_connections": "a connection of SMTP was refused because there are too many",
    "smtp_connections_per_client": "a connection of SMTP was refused because its client has too many",
    "smtp_messages": "a message was put off because its client sent too many in a minute",
    "smtp_handshakes": "a connection of SMTP was closed because its client began too many TLS handshakes",
    "smtp_time": "a connection of SMTP was closed because no command came in time",
    "smtp_rate": "a connection of SMTP was closed because its message came too slowly",
    "smtp_errors": "a connection of SMTP was closed because of too many errors",
    "smtp_unknown_recipients": "a connection of SMTP was closed because it guessed recipients",
    "smtp_authentications": "a connection of SMTP was closed because it guessed passwords",
    "smtp_early": "a connection of SMTP was closed because its client spoke before it may",
    "smtp_injection": "a connection of SMTP was closed because commands stood behind STARTTLS",
    "smtp_foreign": "a connection of SMTP was closed because its client speaks something else",
    "smtp_line_ends": "a connection of SMTP was closed because a message had lone line ends or NUL",
    # control and processes
    "http_body": "a request to the control interface had too long a body",
    "http_headers": "a request to the control interface had too many or too long headers",
    "http_time": "a request to the control interface took too long to arrive",
    "http_connections": "the control interface had too many connections",
    "http_connections_per_client": "one address had too many connections to the control interface",
    "log_rate": "events of one kind came faster than they are written",
    "worker_silence": "a process gave no sign of life for too long and was replaced",
    UNREGISTERED: "a limit without a name of its own; a fault in the program",
}
