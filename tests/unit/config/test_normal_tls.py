"""A certificate without its key, or a key without its certificate, is said where it stands."""

import pytest

from dnsd.config.loader import load
from dnsd.source.problems import ConfigError


@pytest.mark.parametrize(("above", "key"), [("", "tls"), ("mail: ", "mail.tls")])
@pytest.mark.parametrize(("given", "missing"), [("certificate", "key"), ("key", "certificate")])
def test_half_a_pair_is_refused(above, key, given, missing, tmp_path, machine):
    (tmp_path / "one.pem").touch()
    pair = f"tls: {{{given}: one.pem}}"
    path = tmp_path / "dnsd.yaml"
    path.write_text(f"{above}{{{pair}}}\n" if above else f"{pair}\n")
    with pytest.raises(ConfigError) as caught:
        load(path, machine=machine)
    (problem,) = caught.value.problems
    assert (problem.id, problem.message) == ("half-a-certificate", f"{key}.{missing} is missing")
