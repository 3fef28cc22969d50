"""A signed Internet: the root, a TLD, a bank that is signed and a shop that is not."""

import pytest
from fakes.bank_internet import BANK, bank_internet

__all__ = ["BANK"]


@pytest.fixture
def world():
    """Make the signed Internet, perhaps with a changed bank."""
    return bank_internet
