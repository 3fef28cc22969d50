from dataclasses import replace

import pytest

from dnsd.config.loader import load
from dnsd.config.schema import Listener
from dnsd.source.problems import ConfigError


def _load(tmp_path, machine, text):
    path = tmp_path / "dnsd.yaml"
    path.write_text(f"listen: {text}")
    return load(path, machine=machine).listen


EVERYTHING = "{address: '::', transports: [doh-http, doh, dot, tcp, udp]}"


@pytest.mark.parametrize(
    ("low_ports", "ports"), [(True, (53, 853, 443, 80)), (False, (5300, 8853, 8443, 8080))]
)
def test_every_transport_has_its_own_port_unless_said(low_ports, ports, tmp_path, machine):
    machine = replace(machine, low_ports=low_ports)
    assert _load(tmp_path, machine, EVERYTHING) == tuple(
        Listener("::", port, transports)
        for port, transports in zip(
            ports, (("udp", "tcp"), ("dot",), ("doh",), ("doh-http",)), strict=True
        )
    )


def test_one_port_can_be_said_for_udp_and_one_other(tmp_path, machine):
    text = "{address: '::', port: 8443, transports: [udp, doh]}"
    assert _load(tmp_path, machine, text) == (Listener("::", 8443, ("udp", "doh")),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{address: '::', port: 853, transports: [tcp, dot]}]",
         "listen[0] has tcp and dot at port 853, which can be one of them only"),
        ("[{address: '::', port: 853}, {address: '::', transports: dot}]",
         "listen[1] is :: port 853/dot again, first in line 1"),
    ],
)  # fmt: skip
def test_two_streams_at_one_port_are_refused(text, message, tmp_path, machine):
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, machine, text)
    assert [problem.message for problem in caught.value.problems] == [message]
