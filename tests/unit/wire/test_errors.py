from dnsd.wire.errors import FormError


def test_an_error_says_where_it_was_noticed():
    error = FormError("half a pointer", 12)
    assert str(error) == "half a pointer at octet 12"
    assert (error.reason, error.offset) == ("half a pointer", 12)


def test_an_error_without_a_place_is_its_reason():
    assert str(FormError("no question")) == "no question"
