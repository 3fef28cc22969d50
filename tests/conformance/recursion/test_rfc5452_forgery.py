"""RFC 5452: what makes answers hard to forge."""

from itertools import pairwise

import pytest
from conformance.recursion.conftest import untimed


@pytest.mark.rfc("5452", "9.1")
def test_a_reply_with_another_id_is_not_taken(subject):
    assert untimed(subject.ask("www.forged.test.").answer) == ["www.forged.test. IN A 192.0.2.80"]


@pytest.mark.rfc("5452", "9.2")
def test_ids_and_source_ports_are_not_foreseen(subject):
    for number in range(30):
        subject.ask(f"n{number}.ports.test.")
    seen = [each for each in subject.internet.about("ports.test.") if each.name[0] == "n"]
    seen = [each for each in seen if each.address == subject.places.at("ports")]
    assert len(seen) >= 30
    ids = [each.query.id for each in seen]
    ports = [each.port for each in seen]
    # 30 numbers of 65,536 drawn without a pattern; two equal ones are rare, three hardly ever.
    assert len(set(ids)) >= len(ids) - 2
    assert len(set(ports)) >= len(ports) - 2
    for numbers in (ids, ports):
        steps = {b - a for a, b in pairwise(numbers)}
        assert len(steps) > len(numbers) // 2
        assert max(numbers) - min(numbers) > 1024
