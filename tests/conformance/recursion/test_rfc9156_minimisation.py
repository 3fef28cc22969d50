"""RFC 9156: servers are shown no more of a name than they need."""

import pytest


@pytest.mark.rfc("9156", "2")
def test_servers_above_do_not_learn_the_name(subject):
    assert subject.ask("a.b.c.d.private.test.", "TXT").answer
    places = subject.places
    about = subject.internet.about
    # What is kept from earlier tests may make the root unnecessary.
    assert {each.name for each in about("private.test.", at=places.root)} == set()
    assert {each.name for each in about("private.test.", at=places.test)} == {"private.test."}
    shown = [each.name for each in about("private.test.", at=places.at("private"))]
    assert shown[-1] == "a.b.c.d.private.test."
    assert "d.private.test." in shown


@pytest.mark.rfc("9156", "2.1")
def test_the_type_is_hidden_until_the_whole_name_is_asked(subject):
    subject.ask("a.b.c.d.private.test.", "TXT")
    types = {
        each.query.qtype
        for each in subject.internet.about("private.test.")
        if each.name != "a.b.c.d.private.test."
    }
    assert types == {1}
