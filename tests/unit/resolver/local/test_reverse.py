import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.resolver.local.reverse import begins_with_address, reverse_name
from dnsd.wire import names


@given(st.ip_addresses())
def test_the_name_of_an_address_is_the_library_s(address):
    assert names.to_text(reverse_name(address.packed)) == f"{address.reverse_pointer}."


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2.0.0.127.bl.example", True),
        (f"{ipaddress.ip_address('2001:db8::1').reverse_pointer.removesuffix('.ip6.arpa')}.bl.example", True),
        ("2.0.0.127", False),
        ("0.0.127.bl.example", False),
        ("256.0.0.127.bl.example", False),
        ("a.0.0.127.bl.example", False),
        ("www.example", False),
        (".", False),
        ("g" + ".0" * 31 + ".bl.example", False),
        ("a" + ".0" * 30 + ".bl.example", False),
    ],
)  # fmt: skip
def test_names_of_lists_of_senders_begin_with_an_address(name, expected):
    assert begins_with_address(names.from_text(name)) is expected
