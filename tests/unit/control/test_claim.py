import fcntl
import os
import socket
import stat

import pytest

from dnsd.control.claim import claim_socket, listen_http
from dnsd.source.problems import ConfigError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sock"


def refusal(call, *arguments):
    with pytest.raises(ConfigError) as refused:
        call(*arguments)
    (problem,) = refused.value.problems
    return problem


def test_the_socket_is_ours_alone_and_listens(path):
    claim = claim_socket(path)
    mode = path.lstat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert not claim.socket.getblocking()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    claim.release()
    assert not path.exists()


def test_the_mask_of_the_process_is_as_before(path):
    before = os.umask(0o027)
    try:
        claim_socket(path).release()
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_a_second_daemon_is_told_so_and_takes_nothing(path):
    claim = claim_socket(path)
    problem = refusal(claim_socket, path)
    assert problem.message == "another dnsd has this control socket"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    claim.release()


def test_a_socket_that_a_dead_daemon_left_is_replaced(path):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    claim = claim_socket(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    claim.release()


def test_the_claim_lasts_while_a_forked_process_lives(path):
    claim = claim_socket(path)
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    claim.socket.close()
    os.close(claim.lock)
    assert "another dnsd" in refusal(claim_socket, path).message
    os.close(write)
    os.waitpid(pid, 0)
    os.close(read)
    claim_socket(path).release()


def test_a_file_that_is_no_socket_is_not_removed(path):
    path.write_text("precious")
    problem = refusal(claim_socket, path)
    assert problem.message == "a file that is no socket is in its place"
    assert problem.hint == f"move {path} away"
    assert path.read_text() == "precious"


def test_a_refused_claim_leaves_no_lock(path):
    path.write_text("x")
    refusal(claim_socket, path)
    with path.with_name("control.sock.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_missing_directory_is_named(tmp_path):
    problem = refusal(claim_socket, tmp_path / "no" / "control.sock")
    assert problem.message == "no such file or directory"
    assert problem.hint == f"make the directory {tmp_path / 'no'}"


def test_a_path_too_long_for_a_socket_is_named(tmp_path):
    problem = refusal(claim_socket, tmp_path / ("x" * 108))
    assert problem.message == "the path is longer than 107 octets"


def test_a_lock_that_is_a_link_is_not_followed(path, tmp_path):
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "control.sock.lock").symlink_to(tmp_path / "victim")
    refusal(claim_socket, path)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "127.9.9.9"])
def test_http_listens_on_loopback(address):
    opened = listen_http(address, 0)
    with socket.socket(opened.family) as client:
        client.connect(opened.getsockname()[:2])
    opened.close()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1", "not an address"])
def test_http_listens_nowhere_else(address):
    assert refusal(listen_http, address, 0).id == "control-address"


def test_a_port_in_use_is_named(path):
    first = listen_http("127.0.0.1", 0)
    port = first.getsockname()[1]
    problem = refusal(listen_http, "127.0.0.1", port)
    assert str(problem.where) == f"127.0.0.1 port {port}/http"
    assert problem.message == "address already in use"
    assert problem.hint == "set control: http: to another port, or to null"
    first.close()
