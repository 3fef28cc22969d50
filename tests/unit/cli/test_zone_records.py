"""A served zone as a master file: every record and signature, once."""

import pytest
from click.testing import CliRunner

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import SigningKeys
from dnsd.authority.store import open_store
from dnsd.cli.main import main
from dnsd.dnssec.policy import SigningPolicy

ZONE = """\
zone: example.test
dnssec: {policy: default}
records:
  '': {type: NS, value: ns1.example.test.}
  ns1: {type: A, value: 192.0.2.1}
  a.b: {type: A, value: 192.0.2.2}
"""


@pytest.mark.parametrize(("nsec3", "denials"), [(False, 3), (True, 4)])
def test_a_signed_zone_is_written_with_its_chain_and_signatures(tmp_path, nsec3, denials):
    zones = tmp_path / "zones"
    zones.mkdir()
    (zones / "example.test.yaml").write_text(ZONE)
    (tmp_path / "dnsd.yaml").write_text("state_directory: .\nauthority: {zones: zones}\n")
    request = CompileRequest((zones,), policies={"default": SigningPolicy(nsec3=nsec3)})
    store, keys = (
        open_store(tmp_path / "zone-store", map_size=64 << 20),
        SigningKeys(tmp_path / "keys"),
    )
    with Serials(tmp_path / "serials.db") as serials:
        assert compile_zones(request, store, serials, 1772323200, keys).is_clean
    store.close()
    keys.close()

    def export(name):
        arguments = [
            "zone",
            "export",
            "--format",
            "served",
            name,
            "--config",
            str(tmp_path / "dnsd.yaml"),
        ]
        return CliRunner().invoke(main, arguments)

    lines = export("example.test").output.splitlines()
    assert len(set(lines)) == len(lines)
    types = [line.split()[3] for line in lines]
    assert types.count("NSEC3" if nsec3 else "NSEC") == denials
    assert types.count("NSEC3PARAM") == int(nsec3)
    # SOA, NS, DNSKEY, CDS, CDNSKEY, two A; with a chain each record has its signature.
    assert types.count("RRSIG") == 7 + denials + int(nsec3)
    assert "ns1.example.test. 3600 IN A 192.0.2.1" in lines
    result = export("other.test")
    assert result.exit_code == 1
    assert "no zone other.test. is served" in result.output
