from dnsd.config.keys import all_keys, flow, sections


def test_every_key_has_its_words():
    for key in all_keys():
        assert key.doc.endswith("."), key.path
        assert key.doc[0].isupper(), key.path
        assert len(key.doc) <= 200, key.path
        if key.kind is not None:
            assert key.example not in (None, ""), key.path
            assert key.kind.expected, key.path


def test_an_example_is_not_the_default():
    same = [key.path for key in all_keys() if key.kind and flow(key.example) == key.default_text]
    assert same == []


def test_paths_are_those_of_the_file():
    paths = [key.path for key in all_keys()]
    assert len(set(paths)) == len(paths)
    assert {"listen", "listen[].port", "authority.zones[].file", "limits.tcp_clients"} <= set(paths)


def test_every_section_is_found_by_its_path():
    assert list(sections()) == [
        "", "listen[]", "tls", "https", "resolver", "resolver.negative_trust_anchors[]",
        "resolver.private_addresses",
        "resolver.local", "resolver.block[]", "resolver.policies[]",
        "resolver.policies[].forward[]", "resolver.limits", "resolver.forward[]", "cache", "authority", "authority.zones[]", "authority.rate_limit",
        "dnssec", "dnssec.policies[]",
        "server_identity", "cookies", "mail", "mail.listen[]", "mail.tls", "mail.relay",
            "mail.delivery", "mail.delivery.routes[]", "mail.limits", "control", "log", "limits",
    ]  # fmt: skip


def test_flow_is_yaml_on_one_line():
    assert flow([{"a": 1}, "x", ""]) == "[{a: 1}, x, '']"
    assert flow("[::1]:80") == "'[::1]:80'"
    assert flow(["::1"]) == "[::1]"
