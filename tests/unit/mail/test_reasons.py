"""Results of attempts."""

import re

from dnsd.mail.reasons import EXPIRED_STATUS, Deferred, Delivered, Failed, ReasonClass


def test_classes_are_labels_of_metrics():
    assert len({reason.value for reason in ReasonClass}) == len(ReasonClass)
    assert all(re.fullmatch(r"[a-z0-9_]+", reason.value) for reason in ReasonClass)


def test_results_are_told_apart_by_type():
    results = [
        Delivered("250 ok", "mx.example"),
        Deferred(ReasonClass.TIMEOUT, "no greeting"),
        Failed(ReasonClass.NULL_MX, "5.1.10", "takes no mail"),
    ]
    assert [type(result).__name__ for result in results] == ["Delivered", "Deferred", "Failed"]
    assert results[1].not_before == 0


def test_expiry_is_of_class_temporary():
    assert EXPIRED_STATUS.startswith("4.")  # RFC 3463 §2: class 4 even though we give up
