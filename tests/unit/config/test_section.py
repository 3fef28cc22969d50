import pytest
from pydantic import ValidationError

from dnsd.config.kinds import WholeNumber
from dnsd.config.section import Section, key, section


class Small(Section):
    """A section."""

    number: int = key("A number.", "1", example=2, otherwise="the least")


class Large(Section):
    """A section in which another may be left out."""

    small: Small = section("The other.")


def test_a_section_may_be_left_out_or_empty():
    assert Large.model_validate({}).small.number == 1
    assert Large.model_validate({"small": None}) == Large.model_validate({"small": ""})


@pytest.mark.parametrize("written", ["x", ["x"], {"numbre": "1"}])
def test_a_section_takes_no_other_shape_and_no_other_key(written):
    with pytest.raises(ValidationError):
        Large.model_validate({"small": written})


def test_a_key_has_its_words():
    field = Small.model_fields["number"]
    assert field.description == "A number."
    assert field.examples == [2]
    assert field.json_schema_extra == {"x-default": "the least"}
    assert WholeNumber("1", "2").read("2") == 2
