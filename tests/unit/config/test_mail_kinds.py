"""Names, hosts and aliases of mail, from text to what the program holds."""

import pytest
from pydantic_core import PydanticCustomError

from dnsd.config.mail_kinds import Aliases, HostName, MailDomain, NextHop, parse_host


@pytest.mark.parametrize(
    ("text", "hop"),
    [
        ("smtp.example.net", ("smtp.example.net", 25)),
        ("SMTP.example.net:587", ("smtp.example.net", 587)),
        ("192.0.2.25", ("[192.0.2.25]", 25)),
        ("[192.0.2.25]:26", ("[192.0.2.25]", 26)),
        ("2001:db8::25", ("[IPv6:2001:db8::25]", 25)),
        ("[2001:db8::25]:465", ("[IPv6:2001:db8::25]", 465)),
        ("none", None),
    ],
)
def test_a_next_hop_is_a_host_and_a_port(text, hop):
    assert NextHop("none").read(text) == hop


@pytest.mark.parametrize(
    "text", ["", "a.test:", "a.test:0", "a.test:65536", "a b", "[1.2.3]", "1.2.3.256"]
)
def test_what_is_no_next_hop_is_refused(text):
    with pytest.raises(PydanticCustomError):
        NextHop("none").read(text)


def test_a_hop_that_must_be_has_no_word():
    assert NextHop().read("none") == ("none", 25)


def test_a_host_is_a_name_or_an_address_literal():
    assert parse_host("Mail.Example") == "mail.example"
    assert parse_host("IPv6:2001:db8::1") == "[IPv6:2001:db8::1]"


def test_domains_are_a_labels_in_lower_case():
    assert MailDomain().read("BÜCHER.example.") == "xn--bcher-kva.example"


def test_a_host_name_can_be_looked_up():
    assert HostName("auto").read("auto") is None
    assert HostName("auto").read("MX1.example.test.") == "mx1.example.test"
    with pytest.raises(PydanticCustomError):
        HostName("auto").read("mx1")


def test_aliases_are_of_every_domain_of_one_or_all_the_rest_of_one():
    written = {
        "Postmaster": "admin@example.test",
        "Sales@Example.TEST": ["a@example.test", '"b c"@example.test'],
        "@example.test": "rest@example.test",
    }
    assert Aliases().read(written) == {
        "postmaster": ("admin@example.test",),
        "sales@example.test": ("a@example.test", '"b c"@example.test'),
        "@example.test": ("rest@example.test",),
    }


@pytest.mark.parametrize(
    "written",
    ["x", [], {"post master": "a@b.test"}, {"@": "a@b.test"}, {"a": ""}, {"a": []}, {"a": "b"}],
)
def test_what_is_no_alias_is_refused(written):
    with pytest.raises(PydanticCustomError):
        Aliases().read(written)
