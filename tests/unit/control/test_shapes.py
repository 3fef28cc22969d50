import typing

from dnsd.authority.build import report
from dnsd.control import shapes
from dnsd.observe import metrics
from dnsd.source.problems import Problem, Where


def test_a_zone_change_has_the_keys_of_the_compilers_report():
    zone = report.ZoneReport("a.test.", "a.test.yaml", report.Status.LOADED)
    assert zone.to_json().keys() == shapes.ZoneChange.__annotations__.keys()


def test_a_problem_has_the_keys_of_the_compilers_report():
    problem = report.problem_to_json(Problem(Where("f"), "id", "m"))
    assert problem.keys() == shapes.ProblemShape.__annotations__.keys()


def test_the_statuses_of_a_zone_are_those_of_the_compiler():
    assert set(typing.get_args(shapes.ZoneStatus)) == set(report.Status)


def test_the_results_of_a_reload_are_the_values_of_its_metric():
    assert typing.get_args(shapes.ReloadResult) == metrics.RELOAD_RESULTS
