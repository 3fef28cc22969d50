import json

from dnsd.config.describe import json_schema, matching, to_json, to_text
from dnsd.config.keys import all_keys, sections


def test_every_key_stands_in_the_reference():
    text = to_text(matching(""), 100)
    assert [key.path for key in all_keys()] == [
        line for line in text.splitlines() if line and not line.startswith(" ")
    ]


def test_a_key_is_told_with_default_example_and_what_it_takes():
    assert to_text(matching("listen[0].port"), 72) == (
        "listen[].port\n"
        "    Port to answer on; auto is 53 for udp and tcp, 853 for dot, 443 for\n"
        "    doh and 80 for doh-http where these are allowed, else 5300, 8853,\n"
        "    8443 and 8080.\n"
        "    default auto; example 53; a whole number from 1 to 65535, or auto"
    )


def test_a_key_that_must_be_written_says_so():
    assert "must be written" in to_text(matching("listen.address"), 72)


def test_a_section_is_told_with_all_its_keys():
    assert [key.path for key in matching("cookies")] == [
        "cookies", "cookies.enabled", "cookies.secret_file",
    ]  # fmt: skip
    assert matching("cook") == []
    assert matching("nothing") == []


def test_lines_fit_the_screen():
    for line in to_text(matching(""), 72).splitlines():
        assert len(line) <= 72 or " " not in line.strip()


def test_as_json_a_key_is_all_its_facts():
    (entry,) = to_json(matching("limits.tcp_idle_full"))
    assert entry == {
        "key": "limits.tcp_idle_full",
        "doc": "The same while four fifths of them are taken; at most tcp_idle_busy.",
        "accepts": "a duration from 10ms to 1h",
        "required": False,
        "default": "200ms",
        "example": "1s",
    }


def test_editors_are_told_of_every_key_and_no_other():
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    told = {"": schema, **schema["$defs"]}
    assert len(told) == len(set(sections().values()))
    for name, section in told.items():
        assert section["additionalProperties"] is False, name
        for key, entry in section["properties"].items():
            assert entry.get("description") or "$ref" in entry, key
    assert schema["properties"]["workers"]["default"] == 0
    assert schema["$defs"]["WrittenListener"]["required"] == ["address"]
