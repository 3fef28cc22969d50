from dnsd.control.compile_status import STATUS_MEMORY


def test_the_status_is_none_that_python_gives_itself():
    # 1 is an exception that nobody caught, 2 a wrong command line, from 128 signals.
    assert 2 < STATUS_MEMORY < 128
