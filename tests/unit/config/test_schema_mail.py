"""The limits of mail have the names that the file gives them."""

from dataclasses import fields

from dnsd.config.schema_mail import MailLimits
from dnsd.config.written_mail import WrittenMailLimits


def test_every_limit_of_the_file_arrives():
    renamed = {"message_octets": "message_size", "header_octets": "header_size"}
    found = [renamed.get(each.name, each.name.removesuffix("_s")) for each in fields(MailLimits)]
    assert found == list(WrittenMailLimits.model_fields)
