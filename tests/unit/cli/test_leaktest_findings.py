import pytest

from dnsd.cli.leaktest_findings import Asked, Observations, findings

ROUTER = "192.168.1.1"
ISP = "203.0.113.9"
FULL = "deep.down.leaktest-1.example.test."
PORTS = (40211, 1835, 61002, 33219, 5121)
IDS = (511, 40213, 9018, 61000, 27)


def sighting(number=0, **facts):
    return {
        "age_s": 1.0, "client": ISP, "port": PORTS[number % 5], "id": IDS[number % 5],
        "transport": "udp", "name": FULL, "type": "A", "udp_size": 1232, "edns": True,
        "dnssec": True, "cookie": False, **facts,
    }  # fmt: skip


def sightings(count=5, **facts):
    return tuple(
        sighting(
            n, **{key: value[n] if isinstance(value, tuple) else value
                  for key, value in facts.items()}
        )
        for n in range(count)
    )  # fmt: skip


def said(asked, **facts):
    """Return the sentences about one resolver, and those about the way."""
    found = findings(Observations("example.test.", 5, (asked,), **facts))
    return [[f"{each.kind} {each.text}" for each in sentences] for _, sentences in found]


DENIES = "good says of names that do not exist that they do not"
PORTS_GOOD = "good chooses its source ports so that nobody can guess them"
IDS_GOOD = "good chooses its message IDs so that nobody can guess them"
WHOLE = "note tells every name server the whole name that is looked up"
NO_CASE = "note does not use random letter case against forgers"
SIGNATURES = "note asks for signatures (DNSSEC); whether it checks them was not tested"


@pytest.mark.parametrize(
    ("asked", "facts", "sentences"),
    [
        pytest.param(
            Asked(ROUTER, ("nxdomain",) * 5, sightings()), {"names": {ISP: "dns.isp.example"}},
            [DENIES, ("note has 203.0.113.9 (dns.isp.example) ask the name servers; whoever runs "
                     "that sees every name that you look up"),
             PORTS_GOOD, IDS_GOOD, NO_CASE, WHOLE, SIGNATURES],
            id="a router that forwards to a provider",
        ),
        pytest.param(
            Asked(ISP, ("nxdomain",) * 5, sightings()), {},
            [DENIES, ("note asks the name servers itself; whoever runs it sees every name that you "
                     "look up"), PORTS_GOOD, IDS_GOOD, NO_CASE, WHOLE, SIGNATURES],
            id="a public resolver",
        ),
        pytest.param(
            Asked(ROUTER, ("nxdomain",) * 5,
                  sightings(client="198.51.100.7", cookie=True, dnssec=False,
                            name=("down.leaktest-1.example.test.", "deep.dOwn.leaktest-1.example.test.",
                                  FULL, FULL, FULL))),
            {"outside": frozenset({"198.51.100.7"})},
            [DENIES, ("good has the name servers asked from your own Internet address, "
                     "198.51.100.7: by your router, or by this machine"),
             PORTS_GOOD, IDS_GOOD, "good spells names in random letter case, which forgers must match",
             "good uses DNS cookies, which forgers cannot know",
             "good tells name servers no more of a name than they need",
             "note does not ask for signatures, so it can check none (DNSSEC)"],
            id="a router that resolves and does it well",
        ),
        pytest.param(
            Asked(ROUTER, ("nxdomain",) * 5, sightings(client=ROUTER)), {},
            [DENIES, "good asks the name servers itself", PORTS_GOOD, IDS_GOOD, NO_CASE, WHOLE,
             SIGNATURES],
            id="a resolver in the house",
        ),
        pytest.param(
            Asked(ROUTER, ("nxdomain",) * 5, sightings(client="192.168.1.53")), {},
            [DENIES, "good has 192.168.1.53 ask the name servers, in your own network",
             PORTS_GOOD, IDS_GOOD, NO_CASE, WHOLE, SIGNATURES],
            id="another resolver in the house",
        ),
        pytest.param(
            Asked("127.0.0.1", ("nxdomain",) * 5, sightings(client="127.0.0.1")),
            {"own": frozenset({"127.0.0.1"})},
            [DENIES, "good asks this server itself: names of its zones go nowhere else"],
            id="the dnsd of this machine",
        ),
        pytest.param(
            Asked(ROUTER, ("nxdomain",) * 5), {},
            [DENIES, ("note answers, but nobody asked this server: example.test. is not delegated "
                     "to it where the resolver looks, so nothing more can be said")],
            id="a zone that is not delegated",
        ),
        pytest.param(
            Asked(ROUTER, ("silence", "silence")), {}, ["bad does not answer"], id="silence"
        ),
        pytest.param(
            Asked(ROUTER, ("198.51.100.80", "nxdomain", "198.51.100.80"), ()), {},
            [("bad answers 198.51.100.80 for names that do not exist: it sends what is mistyped to "
             "somebody else, usually to advertising"),
             ("note answers, but nobody asked this server: example.test. is not delegated to it "
             "where the resolver looks, so nothing more can be said")],
            id="denials rewritten",
        ),
        pytest.param(
            Asked(ROUTER, ("198.51.100.80",) * 5, sightings(client=ROUTER)),
            {"rewritten_here": True},
            ["good asks the name servers itself", PORTS_GOOD, IDS_GOOD, NO_CASE, WHOLE, SIGNATURES],
            id="a wildcard of ours is no rewriting",
        ),
        pytest.param(
            Asked(ROUTER, ("SERVFAIL", "nxdomain", "silence")), {},
            [DENIES, "note failed now and then: SERVFAIL",
             ("note answers, but nobody asked this server: example.test. is not delegated to it "
             "where the resolver looks, so nothing more can be said")],
            id="failures",
        ),
        pytest.param(
            Asked(ROUTER, ("nodata", "silence"), sightings(3, client=ROUTER)), {},
            ["note did not answer every question", "good asks the name servers itself",
             "note was seen too seldom to judge how well it is armed against forgers",
             NO_CASE, WHOLE, SIGNATURES],
            id="seen too seldom",
        ),
    ],
)  # fmt: skip
def test_what_is_said_of_a_resolver(asked, facts, sentences):
    assert said(asked, **facts)[0] == sentences


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"port": 53}, "bad always uses source port 53: forged answers are easily made"),
        ({"id": 0}, "bad always uses message ID 0: forged answers are easily made"),
        ({"port": (4001, 4002, 4003, 4005, 4006)},
         "bad counts its source ports up: the next one can be guessed"),
        ({"id": (65_534, 65_535, 0, 1, 7)},
         "bad counts its message IDs up: the next one can be guessed"),
        ({"port": (4001, 900, 4001, 900, 4001)}, "bad uses few source ports: 2 in 5 queries"),
        ({"port": (4001, 900, 4001, 950, 4002)}, PORTS_GOOD),
        ({"id": (9, 8, 7, 6, 5)}, IDS_GOOD),
    ],
)  # fmt: skip
def test_numbers_that_can_be_guessed_are_bad(facts, sentence):
    assert sentence in said(Asked(ROUTER, ("nxdomain",), sightings(**facts)))[0]


def test_numbers_are_judged_for_each_address_of_a_farm():
    """Two resolvers that count, one beyond the other, must not look random."""
    seen = sightings(4, port=(10, 11, 12, 13)) + sightings(
        3, port=(900, 901, 902), client="203.0.113.10"
    )
    found = said(Asked(ROUTER, ("nxdomain",), seen))[0]
    assert "bad counts its source ports up: the next one can be guessed" in found
    assert found[1].startswith(
        "note has 203.0.113.9 and 203.0.113.10 ask the name servers; whoever"
    )


def test_streams_tell_nothing_of_ports():
    found = said(Asked(ROUTER, ("nxdomain",), sightings(transport="tcp")))[0]
    assert "note was seen too seldom to judge how well it is armed against forgers" in found


@pytest.mark.parametrize(
    ("placeholders", "sentence"),
    [
        ([("192.0.2.1", "silence"), ("198.51.100.1", "nxdomain")],
         ("bad a question to 198.51.100.1 was answered, where nobody can be: somebody between here "
         "and the Internet answers in place of every resolver that you choose")),
        ([("192.0.2.1", "silence"), ("198.51.100.1", "unreachable")],
         "good nobody answers in place of the resolver that is asked"),
        ([("192.0.2.1", "unreachable")],
         "note whether questions are intercepted could not be tested: no network"),
    ],
    ids=["intercepted", "not intercepted", "no network"],
)  # fmt: skip
def test_whether_somebody_answers_in_between(placeholders, sentence):
    assert said(Asked(ROUTER, ("silence",)), placeholders=tuple(placeholders))[1] == [sentence]


def test_resolvers_that_lead_to_different_places_are_told():
    asked = (
        Asked(ROUTER, ("nxdomain",), sightings()),
        Asked("", ("nxdomain",), sightings(1, client="198.51.100.7")),
    )
    found = findings(Observations("example.test.", 5, asked, omitted=3))
    assert [heading for heading, _ in found] == [
        f"The resolver {ROUTER}", "The programs of this machine", "On the way",
    ]  # fmt: skip
    assert [each.text for each in found[2][1]] == [
        (
            "questions leave by 2 addresses: 198.51.100.7, 203.0.113.9. With a VPN or a filter, only "
            "its own should be among them"
        ),
        "3 queries came beyond those that were recorded",
    ]
