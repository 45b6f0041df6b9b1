"""Every fault of a store, against push, fetch and an upload in parts: the exit code, what is said, and nothing lost."""

import time

import pytest

from harness import certs, host, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
MARGIN_S = 6 * host.SLOWNESS  # behind the timeout: process start, the last abort

# fault: (exit code of push, of fetch, of an upload in parts), a pattern of the message when it fails.
ONCE = {
    "reset": (0, 0, 0, None),
    "closed": (0, 0, 0, None),
    "reset in the request": (0, 0, 0, None),
    "503 before the body": (0, 0, 0, None),
    "500": (0, 0, 0, None),
    "502 of a proxy": (0, 0, 0, None),
    "503": (0, 0, 0, None),
    "504 of a proxy": (0, 0, 0, None),
    "507 of a store": (0, 0, 0, None),
    "520 of a CDN": (0, 0, 0, None),
    "503 SlowDown": (0, 0, 0, None),
    "SlowDown, x-amz-retry-after": (0, 0, 0, None),
    "429, Retry-After": (0, 0, 0, None),
    "400 RequestTimeout": (0, 0, 0, None),
    "409 conflict": (0, 0, 0, None),
    "403 clock": (3, 255, 3, "RequestTimeTooSkewed"),
    "403 wrong secret": (3, 255, 3, "403 SignatureDoesNotMatch"),
    "403 no permission": (3, 255, 3, "403 AccessDenied"),
    "403 unknown key": (3, 255, 3, "403 InvalidAccessKeyId"),
    "301 other region": (3, 255, 3, "301 PermanentRedirect"),
    "307 other region": (3, 255, 3, "307 TemporaryRedirect"),
    "404 no bucket": (3, 255, 3, "404 NoSuchBucket"),
    "404 of a proxy": (3, 255, 3, "404"),
    "200 of a proxy": (3, 255, 3, "not from S3|truncated|begin upload"),
    "200, empty": (3, 255, 3, "without an ETag|truncated|without an upload id"),
    "200 with an error, done": (0, 255, 3, "does not begin with WALSHIP"),
    "200 with an error": (0, 255, 3, "does not begin with WALSHIP"),
    "huge error body": (0, 0, 0, None),
    "malformed XML": (0, 0, 0, None),
    "answer lost": (0, 0, 0, None),
    "answer lost, closed": (0, 0, 0, None),
    "reset in the answer's head": (0, 0, 0, None),
    "not HTTP": (0, 0, 0, None),
    "reset in the answer": (0, 0, 0, None),
    "body cut short": (0, 0, 0, None),
    "bit flipped": (0, 255, 3, "authentic|damaged"),
    "length too long": (0, 255, 0, "416 InvalidRange"),
    "length too short": (0, 255, 3, "damaged|authentic|truncated"),
    "200, malformed": (3, 255, 3, "not from S3|damaged|authentic|WALSHIP|without a"),
}
FOREVER = {
    "no answer": "no answer in time|not complete in time|time",
    "answer drips": "time",
    "endless headers": "header|time|large",
    "503 SlowDown": "503 SlowDown",
    "reset": "reset|lost|closed",
    "500": "500 InternalError",
}


def test_no_fault_is_left_out():
    """But for the storage class that cannot be read at once: test_keys.py and test_policies.py meet that."""
    assert set(strict_s3.FAULTS) == set(ONCE) | set(FOREVER) | {"archived"}


class Ledger:
    """Fault by fault: how often it was injected, and how the calls ended."""

    def __init__(self):
        self.rows = {}

    def note(self, fault, what, injected, code):
        count, outcomes = self.rows.get(fault, (0, {}))
        outcomes[what] = code
        self.rows[fault] = (count + injected, outcomes)

    def show(self):
        print("\n| fault | injected | push | fetch | parts |\n| --- | --- | --- | --- | --- |")
        for fault, (count, outcomes) in self.rows.items():
            print(f"| {fault} | {count} |", " | ".join(str(outcomes.get(what, "")) for what in ("push", "fetch", "parts")), "|")


@pytest.fixture(scope="module")
def ledger():
    book = Ledger()
    yield book
    book.show()


class World:
    """A strict server, a walship for it, one segment."""

    def __init__(self, scratch, program, server, **options):
        self.server, self.directory = server, scratch.directory()
        self.size = options.pop("size", MIB)
        options = {name.replace("_", "-"): value for name, value in options.items()}
        self.walship = walship.Walship(program, self.directory, {
            name: value for name, value in ({**server.options(self.directory, host.USER), "push-timeout": "20s", "fetch-timeout": "20s",
                                             **options}).items() if value is not None},
            secrets=[server.secret_key.encode()])
        self.name = wal.segment_name(1, 7, self.size)
        self.content = wal.segment(SYSTEM_ID, self.name, self.size)
        self.path = host.USER.write(scratch.directory("f") / self.name, self.content, 0o600)
        self.dest = scratch.directory("back") / "segment"

    def timed(self, timeout_s, *args):
        start = time.monotonic()
        done = self.walship.run(*args)
        assert time.monotonic() - start < timeout_s + MARGIN_S, f"took {time.monotonic() - start:.1f} s"
        return done

    def push(self, timeout_s=20):
        return self.timed(timeout_s, "push", self.path)

    def fetch(self, timeout_s=20):
        self.dest.unlink(missing_ok=True)
        return self.timed(timeout_s, "fetch", self.name, self.dest, "--system-id", SYSTEM_ID)

    def settled(self, code):
        """After all faults: what was acknowledged is there, and what was not can be pushed."""
        self.server.faults = []
        if code != 0:
            self.push().expect(0)
        self.fetch().expect(0)
        assert self.dest.read_bytes() == self.content
        assert all(count == 1 for count in self.server.bucket.versions.values()), "an object was replaced"

    def explain(self, done, code, pattern):
        if code == 0:
            assert done.code == 0, done.err
            return
        done.expect(code, pattern, ".*" if done.hint else None)


@pytest.fixture
def world(scratch, program):
    with strict_s3.StrictS3() as server:
        yield lambda **options: World(scratch, program, server, **options)


@pytest.mark.heart
@pytest.mark.parametrize("fault", ONCE, ids=lambda name: name.replace(" ", "-").replace(",", ""))
def test_a_push_meets_it_once(world, ledger, fault):
    here, (code, _, _, pattern) = world(), ONCE[fault]
    here.server.faults = [fault]
    here.explain(done := here.push(), code, pattern)
    assert here.server.injected[fault] == 1
    ledger.note(fault, "push", 1, done.code)
    here.settled(done.code)


@pytest.mark.heart
@pytest.mark.parametrize("fault", ONCE, ids=lambda name: name.replace(" ", "-").replace(",", ""))
def test_a_fetch_meets_it_once(world, ledger, fault):
    here, (_, code, _, pattern) = world(), ONCE[fault]
    here.push().expect(0)
    here.server.faults = [fault]
    here.explain(done := here.fetch(), code, pattern)
    assert here.dest.exists() == (done.code == 0)
    assert done.code != 1, "an outage is not the end of the WAL"
    ledger.note(fault, "fetch", here.server.injected[fault], done.code)
    here.settled(0)


@pytest.mark.sample(10)
@pytest.mark.parametrize("fault", ONCE, ids=lambda name: name.replace(" ", "-").replace(",", ""))
def test_each_request_of_an_upload_meets_it(world, ledger, fault):
    """Create, two parts, the look, Complete: each meets it once, in a call of its own."""
    here, (_, _, code, pattern) = world(size=8 * MIB, compress="none", s3_part_size="5MiB"), ONCE[fault]
    worst = 0
    for position in range(6):
        here.server.faults = [None] * position + [fault]
        done = here.push()
        assert done.code in (0, code, 3), done.err
        if done.code != 0:
            assert done.error and here.server.open_uploads <= 1
        ledger.note(fault, "parts", here.server.injected[fault], done.code)
        worst = max(worst, done.code)
        here.settled(done.code)
        for key in here.server.bucket.keys():
            here.server.bucket.path(key).unlink()
        here.server.bucket.versions.clear()
        here.server.injected.clear()
    assert worst == code
    ledger.note(fault, "parts", 0, worst)


@pytest.mark.parametrize("fault", FOREVER, ids=lambda name: name.replace(" ", "-"))
def test_it_goes_on_until_the_time_is_up(world, ledger, fault):
    here = world(push_timeout="2s", fetch_timeout="2s")
    here.server.faults = lambda _request: fault
    done = here.push(2)
    done.expect(3, FOREVER[fault], ".*" if done.hint else None)
    ledger.note(fault + ", for ever", "push", here.server.injected[fault], done.code)
    here.server.faults = []
    here.walship.configure(push_timeout="20s")
    here.settled(done.code)
    here.server.faults = lambda _request: fault
    done = here.fetch(2)
    done.expect(255, FOREVER[fault], ".*" if done.hint else None)
    assert not here.dest.exists()
    ledger.note(fault + ", for ever", "fetch", here.server.injected[fault], done.code)


def test_an_upload_is_aborted_when_the_time_is_up(world):
    here = world(size=8 * MIB, compress="none", s3_part_size="5MiB", push_timeout="2s")
    here.server.faults = [None, "no answer"]
    here.push(2).expect(3, "part 1")
    assert here.server.open_uploads == 0


def test_nobody_listens(scratch, program, ledger):
    with strict_s3.StrictS3() as server:
        here = World(scratch, program, server, push_timeout="2s", fetch_timeout="2s")
    for what, done in (("push", here.push(2)), ("fetch", here.fetch(2))):
        done.expect(3 if what == "push" else 255, "cannot connect.*Connection refused", "s3-endpoint")
        ledger.note("connection refused", what, 1, done.code)


def test_the_name_is_not_known(world, ledger):
    here = world(s3_endpoint="http://store.invalid", push_timeout="3s", fetch_timeout="3s")
    for what, done in (("push", here.push(3)), ("fetch", here.fetch(3))):
        done.expect(3 if what == "push" else 255, "cannot resolve", "DNS")
        ledger.note("DNS failure", what, 1, done.code)


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_the_certificate_is_not_trusted(scratch, program, authority, ledger, hosts, wrong):
    other = certs.Authority(scratch.directory("other") / "ca", "another CA")
    with strict_s3.StrictS3(tls=authority.issue("strict")) as server:
        here = World(scratch, program, server, s3_ca_file=other.file if wrong == "authority" else authority.file)
        if wrong == "name":
            hosts("127.0.0.1", "other.example")
            here.walship.configure(s3_endpoint=server.url.replace("127.0.0.1", "other.example"))
        hint = "for another name" if wrong == "name" else "s3-ca-file"
        for what, done in (("push", here.push()), ("fetch", here.fetch())):
            done.expect(3 if what == "push" else 255, "certificate is not trusted", hint)
            ledger.note(f"TLS: wrong {wrong}", what, 1, done.code)
        assert server.count() == 0


def test_the_clock_is_corrected_once_and_remembered(world, ledger):
    here = world(size=8 * MIB, compress="none", s3_part_size="5MiB")
    here.server.clock_offset = 3600
    here.push().expect(0, "clock differs", None)
    statuses = [request.status for request in here.server.requests]
    assert statuses.count(403) == 1 and statuses[0] == 403
    ledger.note("clock skew of an hour", "parts", 1, 0)
    here.fetch().expect(0, "clock differs", None)
    here.server.clock_offset = 0


def test_the_region_is_followed_once_and_remembered(world, ledger):
    here = world(size=8 * MIB, compress="none", s3_part_size="5MiB", s3_region="eu-west-1")
    here.push().expect(0, "is in region ca-central-1.*set s3-region", None)
    statuses = [request.status for request in here.server.requests]
    assert statuses.count(400) == 1 and statuses[0] == 400
    ledger.note("wrong region", "parts", 1, 0)
    here.fetch().expect(0, "set s3-region", None)


def test_it_waits_as_long_as_the_store_asks(world):
    here = world()
    here.server.faults = ["SlowDown, x-amz-retry-after"]
    here.push().expect(0)
    first, second = (request.at for request in here.server.requests)
    assert second - first >= 0.7


def test_a_lost_answer_is_not_a_conflict(world):
    """412 from one's own first put: read back and compared."""
    here = world()
    here.server.faults = ["answer lost"]
    here.push().expect(0)
    assert [(r.method, r.status) for r in here.server.requests] == [("PUT", 0), ("PUT", 412), ("GET", 200)]


def test_a_lost_answer_on_a_slow_link(world):
    """The upload alone takes more than half of push-timeout, and so does reading back."""
    here = world(compress="none", s3_bandwidth_limit="400KiB", push_timeout="4s")
    here.server.faults = ["answer lost"]
    here.push(4).expect(3, "gave up|timed out|lost|closed|reset")
    # The first put, and the second, which the time cut short or which was told that the name is taken.
    assert here.server.bucket.versions
    here.push(8).expect(0)
    assert [(r.method, r.status) for r in here.server.requests[-2:]] == [("PUT", 412), ("GET", 200)]


@pytest.mark.parametrize("conditional", ["refuse", "unsupported"])
def test_a_store_that_refuses_the_condition(scratch, program, conditional):
    with strict_s3.StrictS3(conditional=conditional) as server:
        here = World(scratch, program, server)
        here.push().expect(0, "refuses If-None-Match", None)
        assert [r.method for r in server.requests] == ["PUT", "HEAD", "GET", "PUT"]
        here.push().expect(0, "refuses If-None-Match.*; archive each cluster from one place at a time, and set s3-no-replace = auto", None)
        assert list(server.bucket.versions.values()) == [1]
        # The hint is right: then the warning comes once, and no request is refused any more.
        here.walship.configure(s3_no_replace=None)
        server.bucket.remove(*server.bucket.keys())
        here.push().expect(0, "refuses If-None-Match.*; archive each cluster from one place at a time$", None)
        server.requests.clear()
        here.push().expect(0)
        assert [r.method for r in server.requests] == ["HEAD", "GET"]
        host.USER.write(here.path, wal.segment(SYSTEM_ID, here.name, MIB, seed=9), 0o600)
        here.push().expect(4, "differ", ".*")
        assert list(server.bucket.versions.values()) == [2]


@pytest.mark.parametrize("of_bucket", [{"conditional": "ignore"}, {"versioned": True}], ids=["ignored", "versioned"])
def test_a_store_that_ignores_the_condition_is_looked_at_first(scratch, program, of_bucket):
    with strict_s3.StrictS3(**of_bucket) as server:
        here = World(scratch, program, server, s3_no_replace="look")
        here.push().expect(0)
        here.push().expect(0)
        host.USER.write(here.path, wal.segment(SYSTEM_ID, here.name, MIB, seed=9), 0o600)
        here.push().expect(4, "differ", ".*")
        assert list(server.bucket.versions.values()) == [1]


@pytest.mark.parametrize("of_bucket, finds", [({}, "honored"), ({"conditional": "ignore"}, "ignored"), ({"versioned": True}, "ignored")],
                         ids=["honored", "ignored", "versioned"])
def test_the_first_push_finds_out_what_the_condition_does(scratch, program, of_bucket, finds):
    """With one more put; another call knows it from the spool. Nothing is ever replaced by other content."""
    with strict_s3.StrictS3(**of_bucket) as server:
        here = World(scratch, program, server, s3_no_replace=None)
        here.push().expect(0, None if finds == "honored" else "ignores If-None-Match", None)
        assert [r.method for r in server.requests] == ["HEAD", "PUT", "PUT"]
        server.requests.clear()
        here.push().expect(0)
        assert [r.method for r in server.requests] == (["PUT", "GET"] if finds == "honored" else ["HEAD", "GET"])
        host.USER.write(here.path, wal.segment(SYSTEM_ID, here.name, MIB, seed=9), 0o600)
        here.push().expect(4, "differ", ".*")
        here.fetch().expect(0)
        assert here.dest.read_bytes() == here.content


def test_the_first_push_replaces_nothing(scratch, program):
    with strict_s3.StrictS3(conditional="ignore") as server:
        here = World(scratch, program, server)
        here.push().expect(0)
        there = World(scratch, program, server, s3_no_replace=None)  # with a spool of its own
        host.USER.write(there.path, wal.segment(SYSTEM_ID, there.name, MIB, seed=9), 0o600)
        there.push().expect(4, "already has an object with this name", ".*")
        assert list(server.bucket.versions.values()) == [1]


def test_without_permission_to_list(scratch, program):
    """403 for what is not there is no "no"."""
    with strict_s3.StrictS3(list_permission=False) as server:
        here = World(scratch, program, server)
        here.fetch().expect(255, "403 AccessDenied", "s3:ListBucket")
        here.push().expect(0)
        here.fetch().expect(0)
        here.push().expect(0)
        assert here.dest.read_bytes() == here.content
