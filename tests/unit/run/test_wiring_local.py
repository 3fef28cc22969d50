import pytest

from dnsd.observe import metrics
from dnsd.run.wiring_local import block_lists, here_answers, local_tables, policies
from dnsd.wire import names

N = names.from_text
A = 1

CONFIG = """
resolver:
  local: {names: {printer: 192.0.2.1}, domain: lan, ttl: 5m}
  block: [ads.txt, {file: kids.txt, action: refuse}]
  policies: [{clients: 192.0.2.128/25, block: kids, suppress: AAAA}]
  forward: {zone: home.arpa, servers: 192.0.2.2}
"""


@pytest.fixture
def config(configured, tmp_path):
    for name in ("ads.txt", "kids.txt"):
        (tmp_path / name).touch()
    return configured(CONFIG)


def test_names_of_the_configuration_are_answered_and_counted(config, around):
    here = here_answers(config, around)
    found = here.find(N("printer.lan"), A, 0)
    assert (found.answer[0].rdatas, found.answer[0].ttl) == ((bytes((192, 0, 2, 1)),), 300)
    assert around.row[metrics.LOCAL_ANSWERS.slot("names")] == 1


def test_a_domain_of_ours_is_not_asked_of_the_root(config, around):
    here = here_answers(config, around)
    assert here.find(N("other.lan"), A, 0).rcode == 3
    assert here.find(N("x.home.arpa"), A, 0) is None  # forwarded


def test_policies_are_those_of_the_configuration(config):
    (policy,) = policies(config)
    assert policy.clients.contains(bytes((192, 0, 2, 200)))
    assert (policy.block, policy.suppress) == (("kids",), {28})


def test_tables_are_looked_at_every_second(config, around):
    changes = []
    tables = local_tables(config, here_answers(config, around), around, lambda: changes.append(1))
    assert tables.look() == 1
    assert changes == [1]


def test_block_lists_are_those_of_the_configuration(config, around, tmp_path):
    lists = block_lists(config, around)
    assert [(each["name"], each["place"]) for each in lists.status()] == [
        ("ads", str(tmp_path / "ads.txt")), ("kids", str(tmp_path / "kids.txt")),
    ]  # fmt: skip


def test_without_a_resolver_no_list_is_kept(configured, tmp_path, around):
    (tmp_path / "ads.txt").touch()
    config = configured("resolver: {enabled: off, block: ads.txt}")
    lists = block_lists(config, around)
    lists.start()
    assert lists.status() == []
    assert not config.block_lists.exists()
