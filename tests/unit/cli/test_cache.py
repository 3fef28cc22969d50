import json

import pytest

ROW = {
    "name": "www.a.test.", "type": "A", "kind": "data", "data": ["192.0.2.1", "192.0.2.2"],
    "omitted": 0, "ttl_s": 299.5, "age_s": 61.2, "server": "192.0.2.53", "rank": "authoritative",
    "security": "indeterminate", "zone": "a.test.",
}  # fmt: skip
FIRST = "GET /cache?limit=1000"


@pytest.fixture
def say(daemon):
    def _say(*rows, place=FIRST, more=""):
        daemon.answers[place] = 200, {"rows": list(rows), "next": more}

    return _say


def test_what_is_kept_is_a_table(run, say):
    say(
        {**ROW, "name": "a.test.", "type": "NS", "kind": "cut", "ttl_s": None, "age_s": None,
         "data": ["ns.a.test. 192.0.2.53", "ns.b.test."], "server": "", "rank": "",
         "security": "", "zone": "test."},
        ROW,
        {**ROW, "type": "AAAA", "kind": "nodata", "data": [], "ttl_s": -3, "security": "secure"},
        {**ROW, "name": "x.a.test.", "type": "", "kind": "nxdomain", "data": []},
        {**ROW, "name": "y.a.test.", "type": "TXT", "data": ['"a"'], "omitted": 4},
    )  # fmt: skip
    result = run("cache", "show")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "name         type      left   age  said by        of zone  rank           validation     data",
        (
            "a.test.      NS    for ever        configuration  test.                                  "
            "zone cut: ns.a.test. 192.0.2.53, ns.b.test."
        ),
        (
            "www.a.test.  A        4m59s  1m1s  192.0.2.53     a.test.  authoritative  indeterminate  "
            "192.0.2.1, 192.0.2.2"
        ),
        (
            "www.a.test.  AAAA   expired  1m1s  192.0.2.53     a.test.  authoritative  secure         "
            "no such records"
        ),
        (
            "x.a.test.             4m59s  1m1s  192.0.2.53     a.test.  authoritative  indeterminate  "
            "no such name"
        ),
        (
            "y.a.test.    TXT      4m59s  1m1s  192.0.2.53     a.test.  authoritative  indeterminate  "
            '"a", 4 more'
        ),
    ]


def test_nothing_kept_is_exit_status_1(run, say):
    say()
    result = run("cache", "show")
    assert (result.exit_code, result.stdout) == (1, "nothing of the kind is kept\n")


def test_selectors_are_handed_on(run, say, daemon):
    say(ROW, place="GET /cache?name=a.test.&tree=test.&negative=true&bogus=true&type=mx"
                   "&server=192.0.2.1&limit=1000")  # fmt: skip
    words = [
        "--name",
        "a.test",
        "--tree",
        "test.",
        "--negative",
        "--bogus",
        "--type",
        "mx",
        "--server",
        "192.0.2.1",
    ]
    assert run("cache", "show", *words).exit_code == 0


def test_pages_are_followed_up_to_the_limit(run, say):
    say(*[ROW] * 1000, more="1.ab")
    say(*[ROW] * 500, place="GET /cache?after=1.ab&limit=500", more="1.cd")
    result = run("cache", "show", "--limit", "1500", "--json")
    assert len(json.loads(result.stdout)) == 1500
    assert result.stderr == "more is kept: --limit shows more than 1500, --tree less\n"


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("--all",), {"all": True}),
        (("--name", "a.test"), {"name": "a.test."}),
        (("--tree", "bücher.test", "--type", "MX"), {"tree": "xn--bcher-kva.test.", "type": "MX"}),
        (("--negative", "--bogus"), {"negative": True, "bogus": True}),
        (("--server", "192.0.2.1"), {"server": "192.0.2.1"}),
    ],
)
def test_what_is_flushed_is_said(run, daemon, words, body):
    daemon.answers["POST /cache/flush"] = 200, {"records": 1, "cuts": 2}
    result = run("cache", "flush", *words)
    assert (result.exit_code, result.stdout) == (0, "1 record set and 2 zone cuts forgotten\n")
    assert daemon.asked == [("POST /cache/flush", body)]
    assert json.loads(run("cache", "flush", *words, "--json").stdout) == {"records": 1, "cuts": 2}


@pytest.mark.parametrize("words", [(), ("--all", "--name", "a.test")])
def test_who_does_not_say_what_to_flush_is_told_how(run, daemon, words):
    result = run("cache", "flush", *words)
    assert result.exit_code == 2
    assert "say what to forget: by --name, --tree and the like, or --all" in result.stderr
    assert daemon.asked == []


@pytest.mark.parametrize("words", [("show",), ("flush", "--all")])
def test_a_daemon_that_does_not_resolve_has_no_cache(run, daemon, words):
    result = run("cache", *words)
    assert result.exit_code == 1
    assert result.stderr == "the dnsd that runs here resolves no names: it has no cache\n"


def test_a_selector_that_is_none_is_wrong_usage(run, daemon):
    daemon.answers["GET /cache?type=x&limit=1000"] = 400, {"error": "type: 'x' is not a type"}
    result = run("cache", "show", "--type", "x")
    assert result.exit_code == 2
    assert "type: 'x' is not a type" in result.stderr
    assert run("cache", "show", "--name", "a..b").exit_code == 2
