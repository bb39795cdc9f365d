from doorward.outgoing.webhooks import signature

KEY = bytes(range(32))


def test_the_signature_hangs_on_each_part() -> None:
    parts = (KEY, "n1", "17", b"{}")
    others = ((KEY[:-1], "n1", "17", b"{}"), (KEY, "n2", "17", b"{}"), (KEY, "n1", "18", b"{}"), (KEY, "n1", "17", b""))
    assert len({signature(*parts), *(signature(*other) for other in others)}) == 5
