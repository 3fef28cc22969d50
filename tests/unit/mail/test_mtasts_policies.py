"""Which policy counts when the record, the policy or the attacker changes."""

import pytest
from fakes.resolver import FakeResolver, finished

from dnsd.mail.mtasts import Mode
from dnsd.mail.mtasts_cache import PolicyCache
from dnsd.mail.mtasts_policies import RETRY_S, FetchFailed, Policies

START = 1_800_000_000


def text(mode="enforce", age=86400):
    return f"version: STSv1\nmode: {mode}\nmx: mx.one.test\nmax_age: {age}\n".encode()


class World:
    """One domain with a record and a policy that a test changes."""

    def __init__(self, path):
        self.now, self.id, self.body, self.fetched, self.failing = START, "1", text(), [], ()
        self.path = path
        self.open()

    def open(self):
        self.cache = PolicyCache(self.path)
        self.policies = Policies(self.cache, self, self.fetch, lambda: self.now)

    async def look_up(self, name, rtype, /):
        records = f'_mta-sts.one.test. TXT "v=STSv1; id={self.id};"' if self.id else ""
        return await FakeResolver(records, failing=self.failing).look_up(name, rtype)

    async def fetch(self, domain, /):
        self.fetched.append(domain)
        if self.body is None:
            raise FetchFailed("no route")
        return self.body

    def mode(self):
        policy = finished(self.policies.policy("one.test"))
        return policy and policy.mode


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path / "policies.sqlite")
    yield world
    world.cache.close()


def test_a_policy_is_fetched_once_and_again_when_its_id_changes(world):
    assert world.mode() is Mode.ENFORCE
    world.body = text("testing")
    assert world.mode() is Mode.ENFORCE
    assert world.fetched == ["one.test"]
    world.id = "2"
    assert world.mode() is Mode.TESTING
    assert len(world.fetched) == 2


def test_what_was_learned_counts_until_it_ends_whatever_is_hidden(world):
    world.mode()
    for change in ({"id": ""}, {"failing": ["_mta-sts.one.test."]}, {"id": "2", "body": None},
                   {"id": "3", "body": b"<html>"}):  # fmt: skip
        for key, value in {"id": "1", "failing": (), "body": text(), **change}.items():
            setattr(world, key, value)
        assert world.mode() is Mode.ENFORCE
    world.id = ""
    world.now += 86400
    assert world.mode() is None


def test_it_outlasts_a_restart(world):
    world.mode()
    world.cache.close()
    world.open()
    world.body = None
    assert world.mode() is Mode.ENFORCE


def test_a_failed_fetch_is_not_tried_again_at_once(world):
    world.body = None
    assert [world.mode() for _ in range(3)] == [None] * 3
    assert len(world.fetched) == 1
    world.now += RETRY_S
    world.body = text()
    assert world.mode() is Mode.ENFORCE


def test_no_record_is_no_policy_and_nothing_is_fetched(world):
    world.id = ""
    assert world.mode() is None
    assert world.fetched == []
