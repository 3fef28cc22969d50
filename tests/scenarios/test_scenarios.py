"""Every scenario file is played; its first line says which rule it shows."""

import re
import tomllib
from pathlib import Path

import pytest
from scenarios.reader import ScenarioError, read
from scenarios.runner import Play

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.rpl"))
INDEX = tomllib.loads((HERE.parent / "house" / "rfcs.toml").read_text())["rfc"]
# RFC and section, or the public number of a defect.
CITATION = re.compile(r"RFC \d+( §[\d.]+)?|CVE-\d{4}-\d+|GHSA-[\w-]+")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_scenario(path):
    Play(read(path)).run()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE)))
def test_the_first_line_says_which_rule_is_shown(path):
    rule = read(path).rule
    assert CITATION.search(rule)
    assert set(re.findall(r"RFC (\d+)", rule)) <= INDEX.keys()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("; rule\nNONSENSE\n", ":2:", id="not a statement"),
        pytest.param("; rule\nSTEP 1 QUERY\nSTEP 2\n", ":2:", id="a query without entry"),
        pytest.param("; rule\nRANGE_BEGIN 0 9\nADDRES x\n", ":2:", id="not of a range"),
        pytest.param("; rule\nZONE_BEGIN a. AT 300.0.0.1\nZONE_END\n", ":2:", id="no address"),
    ],
)
def test_a_line_that_is_not_understood_is_named(tmp_path, text, place):
    path = tmp_path / "wrong.rpl"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=f"wrong.rpl{place}"):
        read(path)


def test_a_scenario_that_does_not_hold_fails_with_its_step(tmp_path):
    path = tmp_path / "wrong.rpl"
    (tmp_path / "internet.zones").write_text((HERE / "internet.zones").read_text())
    path.write_text(
        "; RFC 1034\nINCLUDE internet.zones\nSTEP 1 QUERY\nENTRY_BEGIN\nSECTION QUESTION\n"
        "www.bank.test. IN A\nENTRY_END\nSTEP 2 CHECK_ANSWER\nENTRY_BEGIN\nREPLY NOERROR\n"
        "SECTION ANSWER\nwww.bank.test. IN A 192.0.2.99\nENTRY_END\n"
    )
    with pytest.raises(AssertionError) as caught:
        Play(read(path)).run()
    assert caught.value.__notes__[0] == "step 2, line 8: CHECK_ANSWER"
