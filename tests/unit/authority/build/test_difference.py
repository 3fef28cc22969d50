import hypothesis.strategies as st
import pytest
from fakes.zones import records
from hypothesis import given

from dnsd.authority.build import difference
from dnsd.authority.build.difference import compare, may_delete
from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.wire import names


def _nodes(text):
    zone = SortedZone(names.from_text("example.test."), records("example.test.", text))
    return list(nodes(zone, 1))


OLD = "@ NS ns1\na A 192.0.2.1\nb A 192.0.2.2\nb TXT x\nc TXT y\n"


@pytest.mark.parametrize(
    ("new", "lines", "deleted"),
    [
        pytest.param(OLD, [], 0, id="nothing"),
        pytest.param(OLD + "d A 192.0.2.9\n", ["+ d.example.test. 300 IN A 192.0.2.9"], 0, id="a name more"),
        pytest.param(OLD.replace("c TXT y\n", ""), ['- c.example.test. 300 IN TXT "y"'], 1, id="a name less"),
        pytest.param(OLD.replace("b TXT x\n", ""), ['- b.example.test. 300 IN TXT "x"'], 1, id="a type less"),
        pytest.param(
            OLD.replace("192.0.2.1", "192.0.2.9"),
            ["- a.example.test. 300 IN A 192.0.2.1", "+ a.example.test. 300 IN A 192.0.2.9"],
            0,
            id="another address deletes nothing",
        ),
        pytest.param(
            OLD.replace("a A", "a 60 A"),
            ["- a.example.test. 300 IN A 192.0.2.1", "+ a.example.test. 60 IN A 192.0.2.1"],
            0,
            id="another TTL deletes nothing",
        ),
        pytest.param(
            OLD.replace("a A 192.0.2.1", "a TXT z"),
            ["- a.example.test. 300 IN A 192.0.2.1", '+ a.example.test. 300 IN TXT "z"'],
            1,
            id="another type deletes one",
        ),
        pytest.param(OLD + "*.a TXT x\n", ['+ *.a.example.test. 300 IN TXT "x"'], 0, id="a flag is no record"),
    ],
)  # fmt: skip
def test_changes_are_told_record_by_record(new, lines, deleted):
    found = compare(_nodes(OLD), _nodes(new), with_lines=True)
    assert found.lines == lines
    assert found.added == len([line for line in lines if line.startswith("+")])
    assert found.removed == len([line for line in lines if line.startswith("-")])
    assert found.deleted == deleted


def test_a_new_zone_is_added_and_a_gone_one_deleted():
    found = compare((), _nodes(OLD), with_lines=False)
    assert (found.added, found.removed, found.deleted, found.lines) == (5, 0, 0, [])
    found = compare(_nodes(OLD), (), with_lines=False)
    assert (found.added, found.removed, found.deleted) == (0, 5, 5)


def test_lines_are_bounded_and_counts_are_not():
    many = "".join(f"h{i} A 192.0.2.1\n" for i in range(difference.MAX_LINES + 5))
    found = compare((), _nodes(many), with_lines=True)
    assert len(found.lines) == difference.MAX_LINES
    assert found.omitted == 5
    assert found.added == difference.MAX_LINES + 5


lines = st.sets(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["A 192.0.2.1", "A 192.0.2.2", "TXT x"])),
    max_size=9,
)


@given(lines, lines)
def test_counts_equal_the_difference_of_sets(old, new):
    def text(rows):
        return "".join(f"{owner} {value}\n" for owner, value in rows)

    found = compare(_nodes(text(old)), _nodes(text(new)), with_lines=True)
    assert (found.added, found.removed) == (len(new - old), len(old - new))
    assert len(found.lines) == found.added + found.removed


@pytest.mark.parametrize(
    ("deleted", "total", "share", "may"),
    [
        pytest.param(30, 100, 0.3, True, id="just so many"),
        pytest.param(31, 100, 0.3, False, id="one more"),
        pytest.param(9, 9, 0.3, True, id="a handful"),
        pytest.param(10, 10, 0.3, False, id="no handful any more"),
        pytest.param(100, 100, 1.0, True, id="any share"),
        pytest.param(1, 100, 0.0, False, id="no share"),
        pytest.param(0, 100, 0.0, True, id="nothing of no share"),
    ],
)
def test_a_large_share_asks_for_force(deleted, total, share, may):
    assert may_delete(deleted, total, share) is may
