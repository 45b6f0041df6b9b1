"""The optional client libs3: reads what the native one wrote and the other way round, and is not fooled where it is known to be."""

import base64
import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from harness import host, strict_s3, wal, walship
from test_faults_operating import switched_segment

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
MARGIN_S = 6
PROGRAM = os.environ.get("WALSHIP_LIBS3")

pytestmark = pytest.mark.skipif(not PROGRAM, reason="WALSHIP_LIBS3 names no walship that was built with libs3")


class Unsigned(strict_s3.StrictS3):
    """The same server for version 2 signatures, which it does not look at: the faults are what counts."""

    def check(self, request):
        assert request.headers["authorization"].startswith("AWS "), "not a version 2 signature"


@pytest.fixture
def pair(s3_site, scratch):
    """(native, libs3): two walships for one repository in radosgw, over plain http."""
    place = scratch.directory("bin")
    program = host.USER.own(Path(place / "walship-libs3"), 0o755) if (place / "walship-libs3").write_bytes(
        Path(PROGRAM).read_bytes()) else None
    s3_site.walship.configure(s3_endpoint=s3_site.store.server.http_endpoint, s3_ca_file=None)
    other = walship.Walship(program, scratch.directory(), {**s3_site.walship.options, "s3-client": "libs3"},
                            key=s3_site.walship.key, secrets=s3_site.walship.secrets)
    return s3_site.walship, other


@pytest.mark.parametrize("compress", ["gzip", "none"])
def test_each_reads_what_the_other_wrote(pair, scratch, compress):
    native, libs3 = pair
    for writer, reader, number in ((native, libs3, 1), (libs3, native, 2)):
        writer.configure(compress=compress)
        name = wal.segment_name(1, number)
        content = wal.segment(SYSTEM_ID, name)
        path = host.USER.write(scratch.directory("f") / name, content, 0o600)
        writer.run("push", path).expect(0)
        assert reader.run("cat", name, "--system-id", SYSTEM_ID).out == content
        # Known already, to both of them.
        reader.run("push", path).expect(0)
        host.USER.write(path, wal.segment(SYSTEM_ID, name, seed=1), 0o600)
        libs3.run("push", path).expect(4, "differ", ".*")
    libs3.run("fetch", wal.segment_name(1, 9), "x", "--system-id", SYSTEM_ID).expect(1)


def test_check_says_that_it_can_only_look(pair):
    _, libs3 = pair
    out = libs3.run("check", "--store").expect(0).out.decode()
    assert "– never replace it" in out and "two writers at once could both win" in out
    assert "✗" not in out and "✓ create an object" in out


def test_what_it_cannot_do_is_refused(pair, scratch):
    _, libs3 = pair
    name = wal.segment_name(1, 3, MIB)
    path = host.USER.write(scratch.directory("f") / name, wal.segment(SYSTEM_ID, name, MIB), 0o600)
    libs3.configure(s3_tags="a=b")
    libs3.run("push", path).expect(2, "libs3 does not support s3-tags", "use s3-client = native")
    libs3.configure(s3_tags=None, s3_endpoint="https://127.0.0.1:1")
    libs3.run("push", path).expect(2, "libs3 does not support https", "use s3-client = native")


@pytest.fixture
def faulty(pair, scratch):
    """libs3 in front of a server that makes faults."""
    _, libs3 = pair
    with Unsigned() as server:
        libs3.configure(**{key.replace("-", "_"): value for key, value in server.options(libs3.directory, host.USER).items()},
                        push_timeout="4s", fetch_timeout="4s")
        name = wal.segment_name(1, 4, MIB)
        content = wal.segment(SYSTEM_ID, name, MIB)
        yield server, libs3, name, content, host.USER.write(scratch.directory("f") / name, content, 0o600)


@pytest.mark.parametrize("fault", ["body cut short", "reset in the answer", "503", "reset"])
def test_what_passes_is_tried_again(faulty, scratch, fault):
    server, libs3, name, content, path = faulty
    libs3.run("push", path).expect(0)
    server.faults = [fault]
    dest = scratch.directory("back") / "x"
    libs3.run("fetch", name, dest, "--system-id", SYSTEM_ID).expect(0)
    assert dest.read_bytes() == content and server.injected[fault] == 1


def test_a_put_says_what_it_carries(faulty):
    """Its signature does not cover the body."""
    server, libs3, _, _, path = faulty
    libs3.run("push", path).expect(0)
    (put,) = [request for request in server.requests if request.method == "PUT"]
    body = server.bucket.get(put.key)
    assert put.headers["content-md5"] == base64.b64encode(hashlib.md5(body).digest()).decode()


def test_a_truncated_answer_is_an_error(faulty, scratch):
    """libs3 says that it was a success."""
    server, libs3, name, _, path = faulty
    libs3.run("push", path).expect(0)
    server.faults = lambda request: "body cut short" if request.method == "GET" else None
    dest = scratch.directory("back") / "x"
    done = libs3.run("fetch", name, dest, "--system-id", SYSTEM_ID)
    assert (done.code, dest.exists()) in ((255, False), (0, True))  # each try brings half of what is left
    server.faults = lambda request: "no answer" if "range" in request.headers else "body cut short"
    dest.unlink(missing_ok=True)
    libs3.run("fetch", name, dest, "--system-id", SYSTEM_ID).expect(255, "no answer in time", None)
    assert not dest.exists()


def test_a_dead_store_ends_in_time(faulty):
    server, libs3, _, _, path = faulty
    server.faults = lambda _request: "no answer"
    start = time.monotonic()
    libs3.run("push", path).expect(3, "no answer in time", None)
    assert time.monotonic() - start < 4 + MARGIN_S


FOOLS = ("200 of a proxy", "200, empty", "404 of a proxy", "502 of a proxy", "huge error body")


@pytest.mark.sample(12)
@pytest.mark.parametrize("fault, always", [
    *((fault, False) for fault in sorted({*strict_s3.FAULTS} - {"no answer", "answer drips", "endless headers"})),
    *((fault, True) for fault in FOOLS)])
def test_what_is_acknowledged_is_there(faulty, fault, always):
    """libs3 takes a page of a proxy, a 404 and a 502 for a success."""
    server, libs3, _, _, path = faulty
    met = []

    def on_put(request):
        if request.method != "PUT" or (met and not always):
            return None
        met.append(request)
        return fault
    server.faults = on_put
    done = libs3.run("push", path)
    assert met and done.code in (0, 3), done.err
    assert done.code == 3 or len(server.bucket.keys()) == 1, "acknowledged, and not there"


def test_the_commands_that_look_into_it_say_the_same(pair, scratch):
    """More objects than a page of radosgw's or libs3's 32 keys; what only the native client can is left out by both."""
    native, libs3 = pair
    libs3.configure(spool=host.USER.own(libs3.directory / "spool", 0o700))  # or it remembers what the other one has read
    for number in range(1, 41):
        name = wal.segment_name(1, number, MIB)
        path = host.USER.write(scratch.directory("f") / name, switched_segment(SYSTEM_ID, name), 0o600)
        native.run("push", path, "--push-ahead=0").expect(0)
    for words in (("list", "--json"), ("info", "--json"), ("verify", "--json"), ("verify", "--read", "--json")):
        one, other = native.run(*words), libs3.run(*words)
        assert (one.code, one.out.splitlines()) == (other.code, other.out.splitlines()), f"{words}: {one.err} {other.err}"
    assert len(libs3.run("list").expect(0).out.splitlines()) == 40
    one, other = (json.loads(each.run("key", "list", "--json").expect(0).out.splitlines()[0]) for each in pair)
    assert one["objects"] == 40 and {**one, "value": None} == {**other, "value": None}
    out = libs3.run("check").expect(0).out.decode()
    assert "✓ open what is stored" in out and "✓ list it" in out and "– never replace it" in out
    new = libs3.directory / "new-key"
    assert "open the newest object" in libs3.run("key", "rotate", new, "--system-id", SYSTEM_ID).expect(0).out.decode()
