"""A full disk and a damaged message are failures of a store, and told apart."""

from dnsd.mail.stores import MessageDamaged, StoreFailed, StoreFull


def test_kinds():
    assert issubclass(StoreFull, StoreFailed)
    assert issubclass(MessageDamaged, StoreFailed)
    assert not issubclass(MessageDamaged, StoreFull)
