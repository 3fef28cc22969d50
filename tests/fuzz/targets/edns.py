"""EDNS options: bounded, stable when written, and their values likewise.

Run: ``python tests/fuzz/targets/edns.py [libFuzzer options]``
"""

import sys

import dns.edns
import dns.exception
import dns.rdata
import dns.rdatatype

from dnsd.wire import edns
from dnsd.wire import edns_options as values
from dnsd.wire.errors import FormError

CODECS = [
    (values.parse_cookie, values.render_cookie),
    (values.parse_client_subnet, values.render_client_subnet),
    (values.parse_error, values.render_error),
    (values.parse_keepalive, values.render_keepalive),
    (values.parse_expire, values.render_expire),
    (values.parse_key_tags, values.render_key_tags),
    (values.parse_zone_version, values.render_zone_version),
    (values.parse_algorithms, values.render_algorithms),
    (values.parse_chain, bytes),
    (values.parse_report_channel, bytes),
]


def one_input(octets):
    """Take the octets for the rdata of an OPT record, and for each value."""
    try:
        options = edns.parse_options(octets)
    except FormError:
        assert not is_read_by_dnspython(octets)
    else:
        assert len(options) <= edns.MAX_OPTIONS
        written = edns.render_options(options)
        assert edns.parse_options(written) == options
        assert len(written) <= len(octets)
        opt = edns.from_opt(1232, 0, octets)
        assert edns.render_opt(opt)[edns.OPT_FIXED_OCTETS :] == written
    for parse, render in CODECS:
        one_value(parse, render, octets)


def one_value(parse, render, octets):
    try:
        value = parse(octets)
    except FormError:
        return
    # Letter case and the final NUL of a text are the two things let go.
    assert render(value).lower() in (octets.lower(), octets[:-1].lower())
    assert parse(render(value)) == value or parse is values.parse_error


def is_read_by_dnspython(octets):
    """Whether dnspython reads an OPT record that we refuse, with 32 options at most."""
    try:
        opt = dns.rdata.from_wire(1232, dns.rdatatype.OPT, octets, 0, len(octets))
    except dns.exception.DNSException:
        return False
    return len(opt.options) <= edns.MAX_OPTIONS


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
