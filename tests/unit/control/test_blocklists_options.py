from pathlib import Path

from dnsd.control.blocklists_options import BlockListsOptions, ListPlan


def test_a_list_is_asked_again_once_a_day_unless_said():
    plan = ListPlan("ads", None, "https://lists.example/ads.txt")
    assert BlockListsOptions(Path("/x"), (plan,)).lists[0].refresh_s == 86_400
