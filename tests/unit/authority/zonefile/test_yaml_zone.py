import os
from pathlib import Path

import pytest

from dnsd.authority.zonefile import yaml_zone
from dnsd.authority.zonefile.yaml_zone import origin_of, read_zone
from dnsd.source.nodes import Limits, Policy
from dnsd.source.problems import errors
from dnsd.wire import names
from dnsd.wire.errors import FormError

A = "{type: A, value: 192.0.2.1}"
WWW = "www.example.test. 3600 A 192.0.2.1"


# -- the two forms ------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"www: {A}", id="bare"),
        pytest.param(f"---\nwww: {A}\n...\n", id="bare with marks"),
        pytest.param(f"records:\n  www: {A}", id="wrapped"),
        pytest.param(f"{{records: {{www: {A}}}}}", id="wrapped in braces"),
        pytest.param(f'"records":\n  www: {A}', id="wrapped with quotes"),
        pytest.param(
            f"zone: example.test\nttl: 1h\nrecords:\n  www: {A}\nsoa: {{}}",
            id="wrapped with settings",
        ),
        pytest.param(
            f"records: {{www: {A}}}\nttl: 3600\nzone: example.test.",
            id="settings behind the records",
        ),
        pytest.param("records: !include hosts.yaml", id="wrapped, records elsewhere"),
        pytest.param("!include hosts.yaml", id="bare, all of it elsewhere"),
        pytest.param("<<: !include hosts.yaml", id="bare, merged"),
        pytest.param("records: {<<: !include hosts.yaml}", id="wrapped, merged"),
        pytest.param(f"<<: {{records: {{www: {A}}}}}", id="records merged"),
    ],
)
def test_both_forms_hold_the_same_records(records, text):
    assert records(text, hosts=f"www: {A}") == [WWW]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"records: {A}", id="a host called records"),
        pytest.param(f"records: [{A}]", id="with a list"),
        pytest.param(
            "records:\n  ttl: 3600\n  value: 192.0.2.1\n  type: A", id="with the type last"
        ),
        pytest.param(
            "records:\n  - type: A\n    value: 192.0.2.1", id="with a list in block style"
        ),
    ],
)
def test_a_bare_file_may_have_a_host_called_records(records, text):
    assert records(text) == ["records.example.test. 3600 A 192.0.2.1"]


def test_a_wrapped_file_may_have_hosts_called_as_keys(records):
    hosts = ["type", "value", "values", "ttl", "records", "zone", "soa", "mail"]
    text = "records:\n" + "".join(f"  {host}: {A}\n" for host in hosts)
    assert records(text) == [f"{host}.example.test. 3600 A 192.0.2.1" for host in hosts]


def test_a_bare_file_may_have_hosts_called_as_settings(records):
    hosts = ["zone", "soa", "ttl", "mail", "dnssec", "reverse", "silence"]
    text = "".join(f"{host}: {A}\n" for host in hosts)
    assert records(text) == [f"{host}.example.test. 3600 A 192.0.2.1" for host in hosts]


def test_records_comes_among_the_first_keys(records, problem_ids):
    settings = "".join(f"h{i}: {A}\n" for i in range(31))
    assert problem_ids(f"{settings}records: {{www: {A}}}") == ["zone-key"] * 31
    assert problem_ids(f"h31: {A}\n{settings}records: {{www: {A}}}") == ["record-type-missing"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("records: text", ["yaml-kind"]),
        ("records:", ["yaml-empty"]),
        ("records: *x", ["yaml-alias"]),
        ("<<: {records: text}", ["yaml-kind"]),
        ("<<: {records: *x}", ["yaml-alias"]),
    ],
)
def test_records_are_a_mapping(problem_ids, text, ids):
    assert problem_ids(text) == ids


def test_an_empty_bare_zone_has_no_records(records):
    assert records("{}") == records("records: {}") == []


@pytest.mark.parametrize(
    "order", [("ttl: 60", "zone: example.org"), ("zone: example.org", "ttl: 60")]
)
@pytest.mark.parametrize("first", [True, False])
def test_settings_hold_wherever_they_stand(zone, order, first):
    lines = [*order, f"records: {{www: {A}}}"]
    draft = zone("\n".join(lines if first else reversed(lines)))
    assert draft.problems == []
    assert names.to_text(draft.origin) == "example.org."
    assert [(names.to_text(record.owner), record.ttl) for record in draft.records] == [
        ("www.example.org.", 60)
    ]


def test_settings_reach_the_draft(zone):
    draft = zone(
        "soa: {refresh: 1h}\nreverse: auto\nsilence: [cname-dot]\n"
        "records: {www: {type: CNAME, value: example.org}}"
    )
    assert draft.soa.refresh == 3600
    assert draft.reverse.networks == ()
    assert draft.silenced == {"cname-dot"}
    assert draft.problems == []


def test_errors_cannot_be_silenced(problem_ids):
    assert problem_ids("silence: [ns-name]\nrecords: {a: {type: NS, value: ns}}") == ["ns-name"]


def test_problems_are_not_doubled_by_reading_twice(problem_ids):
    assert problem_ids("records: {a: {type: NS, value: ns}}\nttl: 60") == ["ns-name"]


# -- names of files -------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("example.com.yaml", "example.com."),
        ("Example.COM.yaml", "example.com."),
        ("com.yaml", "com."),
        ("2.0.192.in-addr.arpa.yaml", "2.0.192.in-addr.arpa."),
        (r"0\04726.2.0.192.in-addr.arpa.yaml", "0/26.2.0.192.in-addr.arpa."),
        (r"a\.b.test.yaml", r"a\.b.test."),
        ("café.test.yaml", "xn--caf-dma.test."),
        ("xn--caf-dma.test.yaml", "xn--caf-dma.test."),
        ("..yaml", "."),
        ("yaml.yaml", "yaml."),
        ("example.com.", "example.com."),
        ("_tcp.example.com.yaml", "_tcp.example.com."),
    ],
)
def test_a_file_is_named_after_its_zone(zone, name, origin):
    assert names.to_text(origin_of(Path("zones") / name)) == origin
    draft = zone(f"www: {A}", name)
    assert draft.problems == []
    assert names.to_text(draft.origin) == origin
    assert draft.records[0].owner == b"\x03www" + draft.origin


@pytest.mark.parametrize("name", ["a..b.yaml", "@.yaml", ".yaml", "💩.yaml"])
def test_a_name_that_is_no_zone_is_reported_unless_the_file_names_it(zone, name):
    with pytest.raises(FormError):
        origin_of(Path(name))
    assert [problem.id for problem in zone(f"www: {A}", name).problems] == ["zone-file-name"]
    assert zone(f"zone: example.test\nrecords: {{www: {A}}}", name).problems == []


def test_the_root_zone_has_names_at_the_top(records):
    text = "zone: .\nrecords: {'': {type: NS, value: a.root.test.}, test: {type: NS, value: a.root.test.}}"
    lines = [". 3600 NS a.root.test.", "test. 3600 NS a.root.test."]
    assert records(text, "root.yaml") == lines


# -- what cannot be read -------------------------------------------------------


def test_a_file_that_is_not_there_is_reported(tmp_path):
    draft = read_zone(tmp_path / "example.test.yaml", tmp_path)
    (problem,) = draft.problems
    assert (problem.id, problem.message) == (
        "zone-file-unreadable",
        "the file cannot be read: No such file or directory",
    )
    assert draft.origin == names.from_text("example.test.")


def test_a_file_that_cannot_be_opened_is_reported(tmp_path):
    path = tmp_path / "example.test.yaml"
    path.symlink_to(path.name)
    (problem,) = read_zone(path, tmp_path).problems
    assert problem.id == "zone-file-unreadable"
    assert "symbolic links" in problem.message


def test_a_file_over_the_limit_is_reported(tmp_path):
    path = tmp_path / "example.test.yaml"
    with path.open("wb") as file:
        file.truncate(Limits().octets + 1)
    assert [problem.id for problem in read_zone(path, tmp_path).problems] == ["yaml-size"]


def test_reading_stops_at_a_thousand_problems(problem_ids):
    text = "".join(f"h{i}: {{type: A, value: x}}\n" for i in range(2000))
    assert problem_ids(text) == ["a-address"] * 1000 + ["too-many-problems"]


def test_a_syntax_error_keeps_the_problems_before_it(problem_ids):
    assert problem_ids("a: {type: A, value: x}\nb: [") == ["a-address", "yaml-syntax"]


# -- several files ----------------------------------------------------------------


def test_every_file_that_was_read_is_named(zone, tmp_path):
    draft = zone(
        "records:\n  a: !include one.yaml\n  b: {type: A, values: !include two.yaml}\n  c: !include one.yaml\n",
        one=A,
        two="[192.0.2.2]",
    )
    assert draft.problems == []
    files = [str(tmp_path / f"{name}.yaml") for name in ("example.test", "one", "two")]
    assert list(draft.files) == files


def test_a_problem_in_an_included_file_is_placed_there(zone, tmp_path):
    draft = zone("a: !include one.yaml", one="type: A\nvalue: x")
    assert [str(problem.where) for problem in draft.problems] == [f"{tmp_path}/one.yaml:2:8"]


@pytest.fixture
def split(tmp_path):
    """Read a split directory: file names to texts."""

    def read(files, directory="example.test."):
        root = tmp_path / directory
        root.mkdir()
        for name, text in files.items():
            (root / name).write_text(text)
        return read_zone(root, tmp_path)

    return read


def owners(draft):
    return [names.to_text(record.owner) for record in draft.records]


def test_a_split_directory_is_one_zone(split, tmp_path):
    draft = split(
        {
            "$example.test.yaml": f"'': {A}\n'*': {A}",
            "www.yaml": f"www: {A}",
            "records.yaml": f"records: {A}",
            "notes.txt": "not read",
        }
    )
    assert draft.problems == []
    assert owners(draft) == [
        "example.test.",
        "*.example.test.",
        "records.example.test.",
        "www.example.test.",
    ]
    assert draft.files[0] == str(tmp_path / "example.test.")
    assert len(draft.files) == 4


def test_split_files_may_share_a_name_but_not_its_types(split):
    draft = split(
        {"a.yaml": f"www: {A}", "b.yaml": "www: {type: TXT, value: x}", "c.yaml": f"www: {A}"}
    )
    (problem,) = draft.problems
    assert problem.id == "record-repeated"
    assert problem.where.file.endswith("c.yaml")
    assert "a.yaml:1:13" in problem.message


def test_problems_of_all_split_files_are_reported(split):
    draft = split({"a.yaml": "a: [", "b.yaml": "b: {type: A, value: x}", "c.yaml": f"www: {A}"})
    assert [problem.id for problem in draft.problems] == ["yaml-syntax", "a-address"]
    assert owners(draft) == ["www.example.test."]


def test_a_split_file_that_cannot_be_opened_is_reported(split, tmp_path):
    (tmp_path / "example.test.").mkdir()
    (tmp_path / "example.test." / "a.yaml").symlink_to("nowhere")
    draft = read_zone(tmp_path / "example.test.", tmp_path)
    assert [problem.id for problem in draft.problems] == ["zone-file-unreadable"]


def test_what_is_no_plain_file_is_not_waited_for(split, tmp_path):
    (tmp_path / "example.test.").mkdir()
    os.mkfifo(tmp_path / "example.test." / "a.yaml")
    (tmp_path / "example.test." / "b.yaml").mkdir()
    draft = read_zone(tmp_path / "example.test.", tmp_path)
    assert [problem.id for problem in draft.problems] == ["zone-file-unreadable"] * 2


def test_warnings_without_number_leave_a_split_zone_whole(split):
    files = {
        f"{n}.yaml": "".join(f"h{i}.n{n}: {{type: NS, value: a.b}}\n" for i in range(600))
        for n in range(4)
    }
    draft = split(files)
    assert len(draft.records) == 2400
    assert errors(draft.problems) == []
    assert draft.problems[-1].id == "too-many-warnings"


def test_reading_a_split_directory_stops_at_a_thousand_problems(split):
    files = {
        f"{n}.yaml": "".join(f"h{i}.n{n}: {{type: A, value: x}}\n" for i in range(600))
        for n in range(4)
    }
    ids = [problem.id for problem in split(files).problems]
    assert ids == ["a-address"] * 1000 + ["too-many-problems"]


def test_the_files_of_a_split_directory_are_bounded_together(split, monkeypatch):
    monkeypatch.setattr(yaml_zone, "zone_policy", lambda _: Policy(limits=Limits(octets=100)))
    draft = split({f"{n}.yaml": f"h{n}: {A}\n" for n in range(4)})
    assert [problem.id for problem in draft.problems] == ["yaml-size"]
    assert len(draft.records) == 3


def test_an_empty_split_directory_is_reported(split):
    assert [problem.id for problem in split({}).problems] == ["zone-file-missing"]


def test_a_split_directory_must_be_named_after_a_zone(split):
    draft = split({"a.yaml": f"www: {A}"}, "a..b.")
    assert [problem.id for problem in draft.problems] == ["zone-file-name"]


# -- octoDNS's own example ----------------------------------------------------------

OCTODNS = r"""
---
'':
  - type: A
    values: &web
      - 203.0.113.42
      - 203.0.113.43
  - type: MX
    values:
      - exchange: mx1.example.test.
        preference: 10
      - exchange: mx2.example.test.
        preference: 20
  - type: NS
    values: [ns1.example.test., ns2.example.net.]
  - type: TXT
    values:
      - some-verification=3becb991
      - v=spf1 mx -all
'*':
  type: CNAME
  value: www.example.test.
_dmarc:
  ttl: 3600
  type: TXT
  value: v=DMARC1\; p=reject
_imaps._tcp:
  type: SRV
  values:
    - {port: 993, priority: 0, target: mx1.example.test., weight: 1}
www:
  - type: A
    values: *web
"""


def test_a_file_of_octodns_is_read_as_it_is(records):
    assert records(OCTODNS) == [
        "example.test. 3600 A 203.0.113.42",
        "example.test. 3600 A 203.0.113.43",
        "example.test. 3600 MX 10 mx1.example.test.",
        "example.test. 3600 MX 20 mx2.example.test.",
        "example.test. 3600 NS ns1.example.test.",
        "example.test. 3600 NS ns2.example.net.",
        'example.test. 3600 TXT "some-verification=3becb991"',
        'example.test. 3600 TXT "v=spf1 mx -all"',
        "*.example.test. 3600 CNAME www.example.test.",
        '_dmarc.example.test. 3600 TXT "v=DMARC1; p=reject"',
        "_imaps._tcp.example.test. 3600 SRV 0 1 993 mx1.example.test.",
        "www.example.test. 3600 A 203.0.113.42",
        "www.example.test. 3600 A 203.0.113.43",
    ]


# What YAML 1.1 makes of these as keys or values, octoDNS publishes or dies of.
SURPRISES = [
    "no",
    "No",
    "NO",
    "off",
    "on",
    "yes",
    "y",
    "n",
    "true",
    "false",
    "null",
    "~",
    "010",
    "0123",
    "0x10",
    "0b11",
    "0o17",
    "1_000",
    "1e3",
    "1.0",
    ".5",
    ".inf",
    ".nan",
    "12:34:56",
    "1:2",
    "2026-01-01",
    "=",
    "190:20:30",
]


@pytest.mark.parametrize("token", SURPRISES)
def test_a_surprise_of_yaml_is_a_host_or_has_a_named_error(zone, token):
    draft = zone(f"{token}: {A}")
    if token.startswith("."):
        assert [problem.id for problem in draft.problems] == ["owner-name"]
    else:
        assert draft.problems == []
        assert owners(draft) == [f"{token.lower()}.example.test."]


@pytest.mark.parametrize("token", SURPRISES)
def test_a_surprise_of_yaml_is_text_or_has_a_named_error(zone, token):
    draft = zone(f"a: {{type: TXT, value: {token}}}")
    if token in ("null", "~"):
        assert [problem.id for problem in draft.problems] == ["txt-value"]
    else:
        assert draft.problems == []
        assert draft.records[0].rdata == bytes([len(token)]) + token.encode()


def test_the_packaged_example_has_no_problem_and_shows_each_kind():
    path = Path(__file__).parents[4] / "zones" / "example.test.yaml"
    draft = read_zone(path, path.parent)
    assert draft.problems == []
    types = {record.type for record in draft.records}
    assert {1, 28, 2, 15, 16, 33, 5, 257} <= types
    assert any(record.owner.startswith(b"\x01*") for record in draft.records)
    # `_tcp` has no records and a name below it: an empty non-terminal.
    owners_there = {record.owner for record in draft.records}
    terminal = names.from_text("_tcp.example.test.")
    assert terminal not in owners_there
    assert any(names.is_subdomain(owner, terminal) for owner in owners_there)
