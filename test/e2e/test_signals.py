"""SIGTERM ends a call at once and leaves nothing: no part of an upload, no file, no child."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness import host, roles, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
AT_ONCE_S = 3


@pytest.fixture
def server():
    with strict_s3.StrictS3() as running:
        yield running


@pytest.fixture
def ship(scratch, program, server):
    def make(**options):
        directory = scratch.directory()
        options = {name.replace("_", "-"): value for name, value in options.items()}
        return walship.Walship(program, directory, {**server.options(directory, host.USER), **options},
                               secrets=[server.secret_key.encode()])
    return make


def segment(scratch, size):
    name = wal.segment_name(1, 3, size)
    return name, host.USER.write(scratch.directory("f") / name, wal.segment(SYSTEM_ID, name, size), 0o600)


def end(process, signal_number, server, until):
    """Signal it once the server has seen `until` requests; how it ended, and how long that took."""
    deadline = time.monotonic() + 20
    while server.count() < until and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    start = time.monotonic()
    process.send_signal(signal_number)
    process.communicate(timeout=20)
    return process.returncode, time.monotonic() - start


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("until", [1, 2, 3, 4, 5])
def test_an_upload_is_aborted(ship, scratch, server, until, signal_number):
    """Create, part 1, part 2, the look, Complete: the store hangs in one of them."""
    _, path = segment(scratch, 8 * MIB)
    here = ship(compress="none", s3_part_size="5MiB")
    server.faults = [None] * (until - 1) + ["no answer"]
    code, took = end(here.popen("push", path), signal_number, server, until)
    assert code == -signal_number and took < AT_ONCE_S
    assert server.open_uploads == 0 and not server.bucket.keys()


def test_process_1_ends_too(ship, scratch, server):
    """As in a container, where a signal without a handler does nothing: with an upload to abort, and without."""
    if subprocess.run(["unshare", "--pid", "--fork", "true"], check=False).returncode != 0:
        pytest.skip("no PID namespace here (it needs root)")
    _, path = segment(scratch, 8 * MIB)
    here = ship(compress="none", s3_part_size="5MiB")
    for faults in (["no answer"], [None, None, "no answer"]):
        server.faults, before = list(faults), server.count()
        outer = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "setpriv", *host.USER.setpriv_args(), *here.argv("push", path)],
                                 cwd=here.directory, env=host.clean_env(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            host.wait_for(lambda: server.count() >= before + len(faults), "the request that is not answered")
            [inner] = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text().split()
            begun = time.monotonic()
            os.kill(int(inner), signal.SIGTERM)
            assert outer.wait(20) == 128 + signal.SIGTERM and time.monotonic() - begun < AT_ONCE_S
        finally:
            outer.kill()
            outer.wait()
        assert server.open_uploads == 0 and not server.bucket.keys()


def test_a_wait_between_tries_is_ended(ship, scratch, server):
    _, path = segment(scratch, 8 * MIB)
    here = ship(compress="none", s3_part_size="5MiB")
    server.faults = lambda request: "503 SlowDown" if "partNumber" in request.query else None
    code, took = end(here.popen("push", path), signal.SIGTERM, server, 4)
    assert code == -signal.SIGTERM and took < AT_ONCE_S
    assert server.open_uploads == 0


def test_a_push_ends(ship, scratch, server):
    _, path = segment(scratch, MIB)
    server.faults = ["no answer"]
    code, took = end(ship().popen("push", path), signal.SIGTERM, server, 1)
    assert code == -signal.SIGTERM and took < AT_ONCE_S and not server.bucket.keys()


def test_a_fetch_leaves_no_file(ship, scratch, server):
    name, path = segment(scratch, 4 * MIB)
    here = ship(compress="none")
    here.run("push", path).expect(0)
    place = scratch.directory("back")
    server.faults = ["answer drips"]
    code, took = end(here.popen("fetch", name, place / "x", "--system-id", SYSTEM_ID), signal.SIGTERM, server, 2)
    assert code == -signal.SIGTERM and took < AT_ONCE_S
    assert not list(place.iterdir())


def test_the_second_signal_does_not_wait(ship, scratch, server):
    """The abort itself hangs: whoever asks twice gets the end, and the upload stays."""
    _, path = segment(scratch, 8 * MIB)
    here = ship(compress="none", s3_part_size="5MiB")
    server.faults = [None, "no answer", "no answer"]
    process = here.popen("push", path)
    deadline = time.monotonic() + 20
    for until in (2, 3):
        while server.count() < until and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=2)
    assert process.returncode == -signal.SIGTERM and server.open_uploads == 1


@pytest.mark.parametrize("output", ["open", "closed"])
def test_a_credential_process_does_not_stay(ship, scratch, server, output):
    place = scratch.directory("aws")
    mark = place / "pid"
    close = "exec >&-\n" if output == "closed" else ""
    script = host.USER.write(place / "slow", f"#!/bin/sh\n{close}echo $$ > {mark}\nexec sleep 600\n", 0o755)
    config = host.USER.write(place / "config", f"[default]\ncredential_process = {script}\n", 0o600)
    here = ship(spool=place / "spool")
    here.configure(s3_key=None, s3_key_secret_file=None)
    _, path = segment(scratch, MIB)
    process = here.popen("push", path, env={"AWS_CONFIG_FILE": str(config)})
    deadline = time.monotonic() + 20
    while not (mark.exists() and mark.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM
    time.sleep(0.1)
    assert not host.exists(int(mark.read_text()))


def test_a_wait_for_new_credentials_is_ended(ship, scratch, server):
    """In the middle of an upload, by a source that does not answer."""
    here = ship(compress="none", s3_part_size="5MiB", spool=scratch.directory("sp") / "spool")
    here.configure(s3_key=None, s3_key_secret_file=None)
    _, path = segment(scratch, 8 * MIB)
    with roles.Roles(server.access_key, server.secret_key, "TOKEN") as endpoint:
        server.session_token = "TOKEN"

        def expire(request):
            if "partNumber" in request.query and not endpoint.silent:
                endpoint.silent = True
                server.expired_tokens.add("TOKEN")
        server.faults = expire
        process = here.popen("push", path, env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url + "/container"})
        deadline = time.monotonic() + 20
        while len(endpoint.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        server.expired_tokens.clear()
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)
        assert process.returncode == -signal.SIGTERM and time.monotonic() - start < AT_ONCE_S
    assert server.open_uploads == 0


def test_an_ignored_signal_stays_ignored(ship, scratch, server):
    """nohup, and whoever else asks for it."""
    _, path = segment(scratch, MIB)
    server.faults = ["503 SlowDown"]
    here = ship()
    process = here.popen("push", path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    code, _ = end(process, signal.SIGHUP, server, 1)
    assert code == 0 and len(server.bucket.keys()) == 1
