from dnsd.mail.smtp.clients import ClientLimits, Clients, Rate


def test_connections_are_counted_together_and_of_each_client():
    clients = Clients(ClientLimits(connections=3, connections_per_client=2))
    assert [clients.connect(b"a"), clients.connect(b"a")] == ["", ""]
    assert clients.connect(b"a") == "smtp_connections_per_client"
    assert clients.connect(b"b") == ""
    assert clients.connect(b"c") == "smtp_connections"
    clients.disconnect(b"a")
    assert clients.connect(b"c") == ""


def test_they_are_many_above_a_share():
    clients = Clients(ClientLimits(connections=10, stress_share=0.8))
    for i in range(8):
        clients.connect(bytes([i]))
    assert not clients.are_many
    clients.connect(b"x")
    assert clients.are_many
    clients.disconnect(b"x")
    assert not clients.are_many


def test_a_rate_is_of_each_client_and_span():
    rate = Rate(2, 60.0)
    assert [rate.allows(b"a", 5.0) for _ in range(3)] == [True, True, False]
    assert rate.allows(b"b", 5.0)
    assert not rate.allows(b"a", 59.9)
    assert rate.allows(b"a", 60.0)


def test_a_rate_remembers_a_bounded_number_of_clients():
    rate = Rate(1, 60.0)
    for i in range(10_000):
        rate.allows(i.to_bytes(4, "big"), 0.0)
    assert len(rate._counts) <= 4096
