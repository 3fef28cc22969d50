import json


def test_the_reference_of_one_key(run):
    result = run("config", "describe", "limits.tcp_idle")
    assert result.exit_code == 0
    assert result.stdout == (
        "limits.tcp_idle\n"
        "    Time a connection may be silent.\n"
        "    default 10s; example 30s; a duration from 10ms to 1h\n"
    )


def test_the_reference_of_everything_needs_no_configuration(run, directory):
    (directory / "dnsd.yaml").write_text("broken: true\n")
    assert run("config", "describe").stdout.startswith("listen\n")
    assert len(json.loads(run("config", "describe", "--json").stdout)) > 40


def test_a_key_that_is_not_there_is_wrong_usage_with_the_nearest(run):
    result = run("config", "describe", "limits.tcp_idel")
    assert result.exit_code == 2
    assert "no key 'limits.tcp_idel'; did you mean limits.tcp_idle?" in result.stderr


def test_the_schema_is_json(run):
    assert json.loads(run("config", "schema").stdout)["title"] == "dnsd.yaml"
