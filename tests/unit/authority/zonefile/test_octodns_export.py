from pathlib import Path

import pytest
from fakes.zone_strategies import ORIGIN, contents, zone_records
from hypothesis import given

from dnsd.authority.zonefile.octodns_export import natural_key, write_octodns
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.source.problems import errors
from dnsd.wire import names


def written(zone, text):
    """Read a zone and write it as octoDNS does."""
    draft = zone(text)
    assert draft.problems == []
    return write_octodns(draft.origin, draft.records)


@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("zones")


@given(records=zone_records)
def test_what_is_written_is_read_again(directory, records):
    path = directory / "example.test.yaml"
    path.write_text(write_octodns(ORIGIN, records))
    draft = read_zone(path, directory)
    assert errors(draft.problems) == []
    assert contents(draft.records) == contents(records)


EXAMPLE = r"""
host10: {type: A, values: [192.0.2.2, 192.0.2.1]}
host2: {type: A, value: 192.0.2.3, ttl: 60}
'':
- {type: MX, values: [{preference: 10, exchange: mx1.example.test.}]}
- {type: SOA, value: ns1.example.test. hostmaster.example.test. 7 1 2 3 4}
- {type: CAA, value: {flags: 0, tag: issue, value: 'ca.example; a=b'}}
no: {type: TXT, values: ['a; b', '"quoted"', '010', '\# text']}
'*': {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [h2, h3], port: 443, no-default-alpn: null}}}
'a\.b': {type: LOC, value: {lat_degrees: 1, lat_minutes: 2, lat_seconds: 3.5, lat_direction: S, long_degrees: 4, long_minutes: 5, long_seconds: 6, long_direction: E, altitude: -7}}
tlsa: {type: TLSA, value: {certificate_usage: 3, selector: 1, matching_type: 0, certificate_association_data: abcd}}
other: {type: HINFO, value: '"a" "b"'}
"""  # fmt: skip

WRITTEN = r"""---
'':
- type: SOA
  value: ns1.example.test. hostmaster.example.test. 7 1 2 3 4
- type: MX
  value:
    exchange: mx1.example.test.
    preference: 10
- type: CAA
  value:
    flags: 0
    tag: issue
    value: ca.example; a=b
'*':
  type: HTTPS
  value:
    svcparams:
      alpn:
      - h2
      - h3
      no-default-alpn: null
      port: 443
    svcpriority: 1
    targetname: .
a\.b:
  type: LOC
  value:
    altitude: -7.0
    lat_degrees: 1
    lat_direction: S
    lat_minutes: 2
    lat_seconds: 3.5
    long_degrees: 4
    long_direction: E
    long_minutes: 5
    long_seconds: 6.0
    precision_horz: 10000.0
    precision_vert: 10.0
    size: 1.0
host2:
  ttl: 60
  type: A
  value: 192.0.2.3
host10:
  type: A
  values:
  - 192.0.2.2
  - 192.0.2.1
'no':
  type: TXT
  values:
  - a\; b
  - quoted
  - '010'
  - \# 8 075c232074657874
other:
  type: HINFO
  value: '"a" "b"'
tlsa:
  type: TLSA
  value:
    certificate_association_data: abcd
    certificate_usage: 3
    matching_type: 0
    selector: 1
"""


def test_a_zone_is_written_in_the_order_and_with_the_fields_of_octodns(zone):
    assert written(zone, EXAMPLE) == WRITTEN


def test_no_records_are_an_empty_mapping():
    assert write_octodns(names.ROOT, []) == "---\n{}\n"


@pytest.mark.parametrize(
    ("rdata_hex", "value"),
    [
        pytest.param("0161" "0162", r"'\# 4 01610162'", id="strings of other lengths"),
        pytest.param("01ff", r"\# 2 01ff", id="not UTF-8"),
        pytest.param("0100", r"\# 2 0100", id="a control character"),
        pytest.param("042261" "2222", '\'""a"""\'', id="quotation marks around"),
        pytest.param("05" "6122202262", r"\# 6 056122202262", id="a border of strings inside"),
        pytest.param("02c3a9", "é", id="not ASCII"),
        pytest.param("00", "''", id="empty"),
    ],
)  # fmt: skip
def test_txt_is_text_when_that_says_all(tmp_path, rdata_hex, value):
    path = tmp_path / "example.test.yaml"
    generic = f"\\# {len(rdata_hex) // 2} {rdata_hex}"
    path.write_text(f"a: {{type: TXT, value: '{generic}'}}")
    draft = read_zone(path, tmp_path)
    text = write_octodns(draft.origin, draft.records)
    assert text.splitlines()[-1].removeprefix("  value: ").strip("'") == value.strip("'")
    path.write_text(text)
    assert contents(read_zone(path, tmp_path).records) == contents(draft.records)


def test_a_parameter_that_octodns_has_no_name_for_has_its_number(zone):
    draft = zone("a: {type: SVCB, value: '1 . mandatory=dohpath,alpn alpn=h2 dohpath=/q{?dns}'}")
    text = write_octodns(draft.origin, draft.records)
    assert "key7: /q{?dns}\n" in text
    assert "- key7\n" in text
    again = zone(text)
    assert (contents(again.records), again.problems) == (contents(draft.records), [])


def test_several_ttls_of_one_set_become_the_least(zone):
    draft = zone("a: {type: A, values: [192.0.2.1, 192.0.2.2]}")
    draft.records[0].ttl = 60
    assert "ttl: 60\n" in write_octodns(draft.origin, draft.records)


def test_the_natural_order_counts():
    ordered = [
        "",
        "1a",
        "9",
        "10",
        "*",
        "_a",
        "a",
        "a1",
        "a1.b",
        "a1b",
        "a2a",
        "a10",
        "a.2",
        "host2",
        "host10",
    ]
    # As the package natsort orders them, which octoDNS uses.
    assert sorted(sorted(ordered), key=natural_key) == ordered


def test_the_packaged_example_survives(tmp_path):
    source = Path(__file__).parents[4] / "zones" / "example.test.yaml"
    draft = read_zone(source, source.parent)
    path = tmp_path / "example.test.yaml"
    path.write_text(write_octodns(draft.origin, draft.records))
    assert contents(read_zone(path, tmp_path).records) == contents(draft.records)
