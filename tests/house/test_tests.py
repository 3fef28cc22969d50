"""tests/unit mirrors dnsd/ file by file, and every claim of an RFC has its test."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"

# Modules without a test of their own, and why.
WITHOUT_TEST = {
    "authority/build/kept_text.py": "test_amender keeps texts, loses and damages them",
    "authority/build/node_changes.py": "test_amendment compares its flags with those of whole zones",
    "authority/build/part_of_zone.py": "test_amender compares it with checks of whole zones",
    "authority/build/ring.py": "test_amendment turns rings against chains that are made whole",
    "authority/build/zone_maker.py": "test_compilation, test_zone_signing and test_amender run it",
    "authority/store_errors.py": "test_store holds every message",
    "authority/zone_version.py": "test_store walks through versions",
    "cli/lab_zones.py": "text of zones: test_lab_world asks for what is in them",
    "cli/zone.py": "names of commands, all of which test_zone_served and test_zone_files call",
    "config/report.py": "what people read: test_messages holds whole reports side by side",
    "control/chain_shapes.py": "types: tests/unit/control/test_operations_chain.py fills them",
    "mail/smtp/events.py": "types without code",
    "mail/smtp/options.py": "types and constants",
    "mail/smtp/reception.py": "types without code",
    "mail/smtp/transaction.py": "types: tests/unit/mail/smtp/test_conversation.py fills them",
    "mail/plan.py": "types: tests/unit/mail/test_delivery.py makes them",
    "mail/smtp/client_events.py": "types: tests/unit/mail/smtp/test_client.py goes through them",
    "mail/smtp/sending.py": "the messages of a client: tests/unit/mail/smtp/test_client.py",
    "mail/tls_policy.py": "types: tests/unit/mail/test_delivery.py makes them",
    "net/smtp_tls.py": "handshakes: tests/peers/test_smtp_client.py has all kinds of them",
    "net/upstream_counts.py": "names of slots, read by the tests of what counts in them",
    "net/upstream_options.py": "a type and constants",
    "query/parts.py": "a type without code",
    "query/request.py": "types without code",
    "resolver/commands.py": "types without code",
    "resolver/options.py": "types: tests/unit/config/test_schema_resolver.py holds their values",
    "resolver/security/evidence.py": "types without code",
    "resolver/told.py": "a type without code",
    "run/inheritance.py": "a type without code",
    "cli/mail_trace.py": "runs a reactor: tests/peers/test_mail.py runs the command",
    "run/wiring_mail.py": "wires: tests/peers/test_mail.py sends mail through what it makes",
    "run/start.py": "forks: tests/peers/test_processes.py starts it as an operator does",
}
# Tests of several modules at once.
WITHOUT_MODULE = {
    "authority/zonefile/test_messages.py": "whole reports about zone files, side by side",
    "config/test_messages.py": "whole reports about dnsd.yaml, side by side",
}
# Followed, but not seen in an answer to a question.
RFCS_OF_FILES = {
    "1982": "serial arithmetic: tests/unit/wire/test_serial.py",
    "5891": "names in zone files: tests/unit/authority/zonefile",
    "5952": "text of addresses in exports: tests/unit/wire/test_presentation_fields.py",
    "6895": "numbers of types in zone files: tests/unit/wire/test_rdata.py",
}


def modules():
    return {
        str(path.relative_to(ROOT / "dnsd"))
        for path in (ROOT / "dnsd").rglob("*.py")
        if not path.name.startswith("__")
    }


def mirrored(path):
    folder, _, name = path.rpartition("/")
    return f"{folder}/test_{name}".lstrip("/")


def test_every_module_has_its_test_or_a_reason():
    missing = {path for path in modules() if not (UNIT / mirrored(path)).exists()}
    assert missing == WITHOUT_TEST.keys()


def test_every_unit_test_mirrors_a_module_or_has_a_reason():
    tests = {str(path.relative_to(UNIT)) for path in UNIT.rglob("test_*.py")}
    assert tests - {mirrored(path) for path in modules()} == WITHOUT_MODULE.keys()


def test_every_rfc_that_we_follow_is_shown_over_sockets():
    index = tomllib.loads((ROOT / "tests" / "house" / "rfcs.toml").read_text())["rfc"]
    claimed = {number for number, entry in index.items() if entry["support"] == "yes"}
    shown = set()
    for path in (ROOT / "tests" / "conformance").rglob("*.py"):
        text = path.read_text()
        shown |= set(re.findall(r"mark\.rfc\(\s*\"(\d+)\"", text))
        # Rows of the table of record types.
        shown |= set(re.findall(r'^    \(\s*"[A-Z0-9]+",\s*"(\d+)",', text, re.MULTILINE))
    assert claimed - shown == RFCS_OF_FILES.keys()
    # What has a test is no mere background.
    assert {number for number in shown if index[number]["support"] == "background"} == set()
