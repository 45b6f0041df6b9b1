"""A large object goes up in parts, several at a time: in any order, over bad connections, and with nothing left of a failure."""

import json
import signal
import threading
import time

import pytest

from harness import host, strict_s3, wal, walship
from harness.strict_s3_auth import Refused

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
SIZE = 32 * MIB
PARTS = 7  # of an object of this size, in the buffer of 30 MiB: six of 5 MiB, four of them at a time, and the rest
WAIT_S = 20


@pytest.fixture
def server():
    with strict_s3.StrictS3() as running:
        yield running


@pytest.fixture
def ship(scratch, program, server):
    directory = scratch.directory()
    return walship.Walship(program, directory, {**server.options(directory, host.USER), "compress": "none", "s3-part-size": "30MiB",
                                                "spool": scratch.directory("sp") / "spool"}, secrets=[server.secret_key.encode()])


@pytest.fixture
def segment(scratch):
    name = wal.segment_name(1, 3, SIZE)
    content = wal.segment(SYSTEM_ID, name, SIZE)
    return name, content, host.USER.write(scratch.directory("f") / name, content, 0o600)


def number_of(request):
    return int(request.query.get("partNumber", 0))


def part_numbers(server):
    return sorted(number_of(request) for request in server.requests if number_of(request))


def fetched(ship, name):
    return ship.run("cat", name, "--system-id", SYSTEM_ID).out


def test_any_order(ship, segment, server):
    """Part 1 is stored after the three others of the first four: they are on their way at the same time, and no fifth is."""
    name, content, path = segment
    put_part, lock, waiting, most = server.bucket.put_part, threading.Lock(), set(), []
    others = threading.Event()

    def hold(request):
        number = number_of(request)
        with lock:
            waiting.add(number)
            most.append(len(waiting))
        if number == 1:
            assert others.wait(WAIT_S)
        reply = put_part(request)
        with lock:
            waiting.remove(number)
            if {2, 3, 4} <= set(server.bucket.uploads[request.query["uploadId"]][1]):
                others.set()
        return reply
    server.bucket.put_part = hold
    ship.run("push", path).expect(0)
    assert part_numbers(server) == list(range(1, PARTS + 1)) and 1 < max(most) <= 4
    assert server.open_uploads == 0 and fetched(ship, name) == content


def test_one_is_refused(ship, segment, server):
    """The others end first, then the upload is aborted: nothing is left, and the first error in the order of parts is told."""
    put_part, refused = server.bucket.put_part, threading.Event()

    def refuse(request):
        if number_of(request) == 3:
            refused.set()
            raise Refused(403, "AccessDenied", "Access Denied")
        assert refused.wait(WAIT_S)
        time.sleep(0.2)
        return put_part(request)
    server.bucket.put_part = refuse
    ship.run("push", segment[2]).expect(3, "put s3://strict/pre/.*: part 3: HTTP 403 AccessDenied", "s3:PutObject")
    assert server.open_uploads == 0 and not server.bucket.keys()
    assert part_numbers(server)[-1] <= 5 and server.requests[-1].method == "DELETE"
    server.bucket.put_part = put_part
    ship.run("push", segment[2]).expect(0)


@pytest.mark.parametrize("fault", ["503", "reset in the request", "answer lost", "503 before the body"])
@pytest.mark.sample(1)
def test_each_part_is_tried_again(ship, segment, server, fault):
    name, content, path = segment
    failed = set()

    def once(request):
        number = number_of(request)
        if number and number not in failed:
            failed.add(number)
            return fault
        return None
    server.faults = once
    ship.run("push", path, "--push-timeout", "60s").expect(0)
    assert part_numbers(server) == sorted(2 * list(range(1, PARTS + 1)))
    assert server.open_uploads == 0 and fetched(ship, name) == content


def test_a_signal_in_the_middle(ship, segment, server):
    server.faults = lambda request: "no answer" if number_of(request) else None
    process = ship.popen("push", segment[2])
    host.wait_for(lambda: server.count() == 5, "four parts on their way")
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=WAIT_S)
    assert process.returncode == -signal.SIGTERM and time.monotonic() - start < 3
    assert server.open_uploads == 0


def test_credentials_end_in_the_middle(scratch, program, segment, server):
    """Every connection goes on with the new ones; the source is asked once."""
    name, content, path = segment
    server.session_token = "first"
    place = scratch.directory("aws")
    asked = place / "asked"

    def give(token):
        host.USER.write(place / "given.json", json.dumps({
            "Version": 1, "AccessKeyId": server.access_key, "SecretAccessKey": server.secret_key, "SessionToken": token,
            "Expiration": "2099-01-01T00:00:00Z"}), 0o600)
    give("first")
    script = host.USER.write(place / "source", f"#!/bin/sh\necho >> {asked}\ncat {place}/given.json\n", 0o700)
    host.USER.write(place / "config", f"[default]\ncredential_process = {script}\n")
    options = server.options(place, host.USER)
    del options["s3-key"], options["s3-key-secret-file"]
    here = walship.Walship(program, place, {**options, "compress": "none", "s3-part-size": "30MiB", "spool": place / "spool"})

    def expire(request):
        if number_of(request) == 2 and server.session_token == "first":
            server.expired_tokens.add("first")
            server.session_token = "second"
            give("second")
    server.faults = expire
    env = {"AWS_CONFIG_FILE": str(place / "config")}
    here.run("push", path, env=env).expect(0)
    assert asked.read_text().count("\n") == 2
    assert sorted({request.status for request in server.requests}) == [200, 400, 404]  # 404: the look before the end
    assert server.open_uploads == 0
    assert here.run("cat", name, "--system-id", SYSTEM_ID, env=env).out == content


def test_an_object_that_fits_is_one_request(ship, scratch, server):
    """However large the buffer is; and the memory grows with the object, not with the buffer."""
    name = wal.segment_name(1, 3, 16 * MIB)
    path = host.USER.write(scratch.directory("g") / name, wal.segment(SYSTEM_ID, name, 16 * MIB), 0o600)
    ship.run("push", path).expect(0)
    assert [request.method for request in server.requests] == ["PUT"]


def test_a_limit_of_the_bandwidth_holds_for_all_parts(ship, segment, server):
    """One after another: each of several connections would have the limit for itself."""
    put_part, lock, at_once = server.bucket.put_part, threading.Lock(), []

    def count(request):
        at_once.append(lock.acquire(blocking=False))
        time.sleep(0.1)
        reply = put_part(request)
        if at_once[-1]:
            lock.release()
        return reply
    server.bucket.put_part = count
    ship.run("push", segment[2], "--s3-bandwidth-limit", "1GiB").expect(0)
    assert all(at_once) and len(at_once) == 2 and server.open_uploads == 0
