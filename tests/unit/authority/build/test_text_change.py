"""Where names stand in a file, and what is cut out when some change."""

import random

import pytest

from dnsd.authority.build.text_change import compare, count_names, layout_of

HEAD = b"ttl: 1h\nrecords:  # of the zone\n"
NAMES = [b"  h%d: {type: A, value: 192.0.2.%d}\n" % (n, n) for n in range(20)]
TEXT = HEAD + b"".join(NAMES)


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        (TEXT.replace(b"records:", b"'records':"), 20),
        (TEXT, 21),
        (TEXT + b"  a: {type: A,\n  value: 192.0.2.1}\n", 21),
        (TEXT + b"records:\n  b: {type: A, value: 192.0.2.1}\n", 21),
        (TEXT + b"  <<: !include more.yaml\n", 21),
        (HEAD, 0),
        (HEAD + b"soa: {minimum: 1h}\n  \n", 0),
        (b"records: {h: {type: A, value: 192.0.2.1}}\n", 1),
        (b"h: {type: A, value: 192.0.2.1}\n", 1),
    ],
)
def test_a_file_of_another_form_has_no_layout(text, owners):
    assert layout_of(text, owners) is None


@pytest.mark.parametrize("tail", [b"", b"soa: {minimum: 1h}\n  # end\n", b"# end\nzone: a.test\n"])
@pytest.mark.parametrize("head", [b"", b"# top\n\nttl: 1h\n"])
def test_a_layout_counts_the_octets_around_names(head, tail):
    text = head + b"records:\n# first\n" + b"".join(NAMES) + tail
    layout = layout_of(text, 20)
    assert layout.head == len(head) + len(b"records:\n")
    assert layout.indent == 2
    assert text[len(text) - layout.tail :] == tail.removeprefix(b"# end\n")


def test_an_excerpt_has_its_names_in_their_lines():
    new = TEXT.replace(b"192.0.2.11}", b"192.0.2.111}")
    before, after = compare(TEXT, new, layout_of(TEXT, 20))
    assert before.split(b"\n")[12:] == [*TEXT.split(b"\n")[12:15], b""]
    assert after.split(b"\n")[12:] == [*new.split(b"\n")[12:15], b""]
    assert before.startswith(HEAD + b"\n\n")
    assert count_names(before, layout_of(TEXT, 20)) == 3


def test_an_excerpt_is_of_whole_names_wherever_the_change_is():
    chance = random.Random(4)
    layout = layout_of(TEXT, 20)
    for _ in range(300):
        lines = list(NAMES)
        for _ in range(chance.choice((1, 1, 2))):
            at = chance.randrange(len(lines))
            match chance.randrange(3):
                case 0:
                    lines.insert(
                        at, b"  new%d: {type: A, value: 192.0.2.1}\n" % chance.randrange(99)
                    )
                case 1:
                    del lines[at]
                case 2:
                    lines[at] = lines[at].replace(b"2.1", b"2.2").replace(b"h", b"hh")
        excerpts = compare(TEXT, HEAD + b"".join(lines), layout)
        for excerpt, whole in zip(excerpts, (NAMES, lines), strict=True):
            found = [line + b"\n" for line in excerpt.removeprefix(HEAD).split(b"\n") if line]
            start = excerpt.removeprefix(HEAD)
            skipped = len(start) - len(start.lstrip(b"\n"))
            assert found == whole[skipped : skipped + len(found)]
            assert found
        assert [x for x in NAMES if x not in lines] == [
            x for x in NAMES if x in excerpts.before and x not in lines
        ]
        assert all(x in excerpts.after for x in lines if x not in NAMES)


@pytest.mark.parametrize(
    "new",
    [
        TEXT.replace(b"1h", b"2h"),
        TEXT + b"ttl: 5m\n",
        TEXT.replace(b"  h3", b"soa: {minimum: 1h}\nrecords:\n  h3"),
        TEXT.replace(b"h3: ", b"h3: &three "),
        TEXT.replace(b"h3: {type: A, value: 192.0.2.3}", b"h3: *three"),
        TEXT.replace(b"h3: ", b"h3: !include "),
        HEAD,
        b"",
    ],
)
def test_a_change_of_more_than_names_is_not_cut_out(new):
    found = compare(TEXT, new, layout_of(TEXT, 20))
    assert found is None or (new == HEAD and not count_names(found.after, layout_of(TEXT, 20)))
