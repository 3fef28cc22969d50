"""What stands in deploy/ can be used as it stands."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from dnsd.cli.main import main
from dnsd.config.loader import SYSTEM_FILE, load
from dnsd.config.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CONFIGURATIONS = sorted(DEPLOY.glob("*dnsd*.yaml"))
UNIT = DEPLOY / "dnsd.service"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
MOST_EXPOSURE = 2.0  # of 10, by systemd's own count

ROOT_STARTS_IT = Machine(
    2, low_ports=True, ipv6_loopback=True, superuser=True, users=frozenset({"dnsd"})
)
SYSTEMD_STARTS_IT = Machine(
    2, low_ports=True, ipv6_loopback=True, superuser=False, users=frozenset({"dnsd"})
)


def settings_of_unit():
    """Every key of the unit with its values, in order."""
    found = {}
    for line in UNIT.read_text().splitlines():
        if re.match(r"[A-Z]\w*=", line):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


@pytest.fixture
def installed(tmp_path):
    """The directory /etc/dnsd as the unit and the image have it."""
    for path in CONFIGURATIONS:
        shutil.copy(path, tmp_path)
    shutil.copytree(ROOT / "zones", tmp_path / "zones")
    return tmp_path


@pytest.mark.parametrize(
    ("machine", "user"),
    [
        pytest.param(ROOT_STARTS_IT, "dnsd", id="root starts it"),
        pytest.param(SYSTEMD_STARTS_IT, None, id="systemd starts it as the user"),
    ],
)
@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_a_configuration_loads_without_a_problem(installed, path, machine, user):
    config = load(installed / path.name, machine=machine)
    assert config.warnings == ()
    assert config.user == user
    assert config.workers == machine.cores


def test_the_unit_starts_what_its_comment_installs():
    (command,) = settings_of_unit()["ExecStart"]
    program, *words = command.split()
    text = UNIT.read_text()
    assert words == ["serve", "--config", "/etc/dnsd/dnsd.yaml"]
    assert f"#   python3 -m venv {Path(program).parents[1]} &&" in text
    assert f"#   install -D -m 644 deploy/dnsd.yaml {words[-1]}\n" in text


def test_the_unit_and_the_image_keep_state_where_the_configuration_says(installed):
    state = load(installed / "dnsd.yaml", machine=ROOT_STARTS_IT).state_directory
    (directory,) = settings_of_unit()["StateDirectory"]
    assert str(state) == f"/var/lib/{directory}"
    assert f"VOLUME {state}\n" in (DEPLOY / "Containerfile").read_text()


def test_the_unit_gives_one_capability_and_no_more():
    unit = settings_of_unit()
    assert unit["AmbientCapabilities"] == unit["CapabilityBoundingSet"] == ["CAP_NET_BIND_SERVICE"]
    assert unit["NoNewPrivileges"] == ["yes"]


def test_systemd_counts_little_exposure():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("install the Debian package systemd")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "unrecognized option '--offline" in done.stderr:
        pytest.skip("install a newer Debian package systemd, at least 250")
    assert done.stderr == "", "systemd has something to say about the unit"
    (exposure,) = re.findall(r"Overall exposure level for dnsd\.service: ([\d.]+)", done.stdout)
    assert float(exposure) <= MOST_EXPOSURE


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("install the Debian package systemd")
    unit = tmp_path / UNIT.name
    # Verified is also whether the program is there.
    unit.write_text(UNIT.read_text().replace("=/opt/dnsd/bin/dnsd ", f"={shutil.which('true')} "))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_prometheus_takes_its_configuration():
    if shutil.which("promtool") is None:
        pytest.skip("install the Debian package prometheus")
    done = subprocess.run(
        ["promtool", "check", "config", DEPLOY / "prometheus.yml"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_image_is_asked_for_its_health_by_a_command_of_the_program():
    text = (DEPLOY / "Containerfile").read_text()
    (words,) = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", text, re.MULTILINE)
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    program, command = json.loads(words)
    assert [program] == json.loads(entry)
    assert main.get_command(click.Context(main), command) is not None
    assert str(SYSTEM_FILE) in text, "where the program looks without --config"


def test_every_image_has_a_version():
    text = (DEPLOY / "Containerfile").read_text()
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    images += [each["image"] for each in COMPOSE["services"].values() if "image" in each]
    assert len(images) == 4
    for image in images:
        assert re.fullmatch(r"[a-z/]+:v?\d[\w.-]*", image), image


def test_what_compose_mounts_is_in_the_repository():
    mounts = [
        volume.split(":")
        for service in COMPOSE["services"].values()
        for volume in service["volumes"]
    ]
    given = [(source, mode) for source, _, *mode in mounts if source.startswith(".")]
    assert len(given) == 5
    for source, mode in given:
        assert (DEPLOY / source).exists(), source
        assert mode == ["ro"], source
    assert {mount[0] for mount in mounts if not mount[0].startswith(".")} == set(COMPOSE["volumes"])


def test_grafana_is_given_the_dashboards_where_it_looks_for_them():
    provisioning = ROOT / "grafana" / "provisioning"
    mounts = dict(volume.split(":")[:2] for volume in COMPOSE["services"]["grafana"]["volumes"])
    assert mounts["../grafana/provisioning"] == "/etc/grafana/provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "dnsd.yaml").read_text())[
        "providers"
    ]
    assert mounts["../grafana/dashboards"] == provider["options"]["path"]
    environment = COMPOSE["services"]["grafana"]["environment"]
    home = Path(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (ROOT / "grafana" / "dashboards" / home.name).exists()


def test_each_part_asks_the_one_before_where_that_answers(installed):
    config = load(installed / "dnsd.yaml", machine=ROOT_STARTS_IT)
    address, port = config.control.http
    (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"{address}:{port}"]}]
    datasources = ROOT / "grafana" / "provisioning" / "datasources" / "prometheus.yaml"
    (source,) = yaml.safe_load(datasources.read_text())["datasources"]
    listen = source["url"].removeprefix("http://")
    assert f"--web.listen-address={listen}" in COMPOSE["services"]["prometheus"]["command"]
    for name in ("prometheus", "grafana"):
        assert COMPOSE["services"][name]["network_mode"] == "service:dnsd"
