"""What can go wrong in a store of mail."""

from __future__ import annotations


class StoreFailed(Exception):  # noqa: N818 -- stores of zones have a StoreError of their own
    """A disk or a table did not do what it was asked; the text says what helps.

    What was not acknowledged before is not kept.
    """


class StoreFull(StoreFailed):
    """There is no space, or too little to begin with another message."""


class MessageDamaged(StoreFailed):
    """The octets of a message are not those that were accepted: it must not be passed on."""
