from dnsd.resolver.local.answer import LocalAnswer, Source


def test_an_answer_has_its_own_lists():
    one, other = LocalAnswer(0, Source.NAMES), LocalAnswer(0, Source.NAMES)
    assert one.answer is not other.answer
