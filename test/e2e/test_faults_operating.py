"""The commands that look into a repository, before every fault of a store: the exit code, what is said, and nothing claimed unseen."""

import collections
import itertools
import json
import os
import re
import resource
import shutil
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import extent, host, objects, strict_s3, strict_s3_faults, strict_s3_lies, wal, walship

SIZE = wal.MIB
TIMEOUT_S = round(2 * host.SLOWNESS)
MARGIN_S = 8 * host.SLOWNESS  # behind a step's timeout: process start, the steps that work, the timer of last resort
MEMORY = 128 << 20
WORLDS = 6     # at once: most of the time is waiting
COMMANDS = {"list": ("list", "--json"), "info": ("info", "--json"), "verify": ("verify", "--json"),
            "verify --read": ("verify", "--read", "--json"), "key list": ("key", "list", "--json"), "key rotate": ("key", "rotate"),
            "status": ("status", "--json"), "check": ("check", "--json"), "backfill": ("backfill", "--json")}
GETS = {"info": 1, "verify": 1, "verify --read": 5, "key list": 1, "key rotate": 1, "check": 1}  # which of them meets the fault

# What passes by itself; everything else that is asked once is the answer.
PASSING = {"reset", "closed", "reset in the request", "503 before the body", "500", "502 of a proxy", "503", "504 of a proxy",
           "507 of a store", "520 of a CDN", "503 SlowDown", "SlowDown, x-amz-retry-after", "429, Retry-After", "400 RequestTimeout", "409 conflict",
           "huge error body", "malformed XML", "answer lost", "answer lost, closed", "reset in the answer's head",
           "reset in the answer", "not HTTP", "body cut short", "endless headers"}
# Exit codes where a listing meets any other: of check, where a list is not needed, a warning; backfill then pushes and compares.
BY_LISTING = {**dict.fromkeys(COMMANDS, 3), "check": 0, "backfill": 0}
# Where a read meets it, in the order of GETS. info needs nothing of a content but the size of segments, and says when that is a guess; verify
# counts the segment that it was to be read from as damaged.
BY_READ = {
    "archived": (3, 3, 3, 0, 3, 3), "bit flipped": (0, 4, 4, 0, 4, 4), "length too long": (0, 0, 3, 0, 3, 3),
    "length too short": (0, 4, 4, 3, 4, 4), "range ignored": (0, 0, 0, 0, 0, 0),
    **dict.fromkeys(("another range", "a range of another unit", "a range beyond the length"), (0, 0, 0, 3, 0, 0)),
    **dict.fromkeys(("200 of a proxy", "200, empty", "200 with an error", "200 with an error, done", "200, malformed",
                     "endless body"), (0, 4, 4, 4, 4, 4)),
}


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def switched_segment(system_id, name):
    """One that ends with its first record, an XLOG_SWITCH: as pg_switch_wal leaves it."""
    page = bytearray(wal.segment(system_id, name, SIZE)[:40])
    address = struct.unpack_from("<Q", page, 8)[0]
    record = struct.pack("<IIQBBH", 24, 0, address - SIZE + 40, 0x40, 0, 0)
    return bytes(page) + record + struct.pack("<I", crc32c(record)) + bytes(SIZE - 64)


TIMELINE_OFFSET = 48  # ControlFileData.checkPointCopy.ThisTimeLineID


def limit_memory():
    if "ASAN_OPTIONS" not in os.environ:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


class World:
    """A strict server with two timelines of one cluster, a data directory that is one segment ahead, a walship for both."""

    def __init__(self, scratch, program, control_file, **of_server):
        self.server = strict_s3.StrictS3(**of_server).__enter__()
        self.directory, self.data = scratch.directory(), scratch.directory("data")
        self.system_id = control_file[0]
        self.walship = walship.Walship(program, self.directory, {
            **self.server.options(self.directory, host.USER), "pg-data": self.data,
            **{f"{what}-timeout": f"{TIMEOUT_S}s" for what in ("push", "fetch", "status")}},
            secrets=[self.server.secret_key.encode()])
        for name in ("global", "pg_wal", "pg_wal/archive_status"):
            host.USER.mkdir(self.data / name, 0o700)
        host.USER.write(self.data / "PG_VERSION", "15\n")
        control = bytearray(control_file[1])
        struct.pack_into("<I", control, TIMELINE_OFFSET, 2)
        host.USER.write(self.data / "global/pg_control", bytes(control), 0o600)
        for timeline, numbers in ((1, (1, 2, 3)), (2, (4, 5))):
            for number in numbers:
                self.store(wal.segment_name(timeline, number, SIZE))
        self.store("00000002.history", b"1\t0/400060\tno recovery target specified\n")
        self.ahead = wal.segment_name(2, 6, SIZE)
        for name in (wal.segment_name(2, 5, SIZE), self.ahead):
            host.USER.write(self.data / "pg_wal" / name, switched_segment(self.system_id, name), 0o600)
            host.USER.write(self.data / f"pg_wal/archive_status/{name}.ready", b"", 0o600)
        host.USER.write(self.data / "pg_wal/00000002.history", b"1\t0/400060\tno recovery target specified\n", 0o600)
        self.before = self.objects()

    def store(self, name, content=None):
        where = wal.object_name(self.system_id, name)
        content = switched_segment(self.system_id, name) if content is None else content
        self.server.bucket.path(f"pre/{where}").write_bytes(objects.make_object(content, where, self.walship.key))

    def objects(self):
        return {key: self.server.bucket.get(key) for key in self.server.bucket.keys()}

    def run(self, command, *args):
        """(result, seconds). More memory than a page and some buffers need is not given to it."""
        words = COMMANDS[command] + ((self.directory / "new-key",) if command == "key rotate" else ()) + args
        start = time.monotonic()
        with self.walship.popen(*words, preexec_fn=limit_memory) as process:
            out, err = process.communicate(timeout=60)
        self.walship.check_secrets(out, err)
        return walship.Result(process.returncode, out, err.decode()), time.monotonic() - start

    def settle(self):
        """After each run: nothing that was there is another, or gone; as it was before."""
        self.server.faults = []
        now = self.objects()
        mine = {f"pre/{wal.object_name(self.system_id, self.ahead)}"}
        assert {key: now.get(key) for key in self.before} == self.before, "an object was replaced or removed"
        assert all("walship-check-" in key or key in mine for key in set(now) - set(self.before)), set(now) - set(self.before)
        assert all(count == 1 for count in self.server.bucket.versions.values()), "an object was replaced"
        for key in set(now) - set(self.before):
            self.server.bucket.path(key).unlink()
        self.server.bucket.versions.clear()
        self.server.requests.clear()
        self.server.injected.clear()
        (self.directory / "new-key").unlink(missing_ok=True)
        for path in (self.directory / "spool").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self):
        self.server.__exit__()


def plain(world, out):
    """What must be the same in every run."""
    text = re.sub(r'"(took_seconds|free_bytes|\w*age_seconds|bytes_per_second)": ?[\d.]+', "", out.decode())
    text = re.sub(r"walship-check-[0-9a-f]+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|holds key [0-9a-f]+|\d+ s (?:old|off)|for \d+ s|[\d.]+ [MG]iB free", "", text)
    return sorted(text.splitlines())


def is_listing(request):
    return request.method == "GET" and not request.key


def is_get(request):
    return request.method == "GET" and request.key != ""


@pytest.fixture(scope="module")
def worlds(scratch, program, control_file):
    made = [World(scratch, program, control_file) for _ in range(WORLDS)]
    yield made
    for world in made:
        world.close()


@pytest.fixture(scope="module")
def clean(worlds):
    """What each command says in each world without a fault."""
    said = {}
    for world in worlds:
        for command in COMMANDS:
            result, _ = world.run(command)
            world.settle()
            assert result.code == 0, result.err
            said[world, command] = plain(world, result.out)
    return said


def each(worlds, jobs, work):
    """work(world, job) for each, some at once; the first failure is raised."""
    free, lock = list(worlds), threading.Lock()

    def one(job):
        with lock:
            world = free.pop()
        try:
            try:
                work(world, job)
            finally:
                world.settle()
        finally:
            with lock:
                free.append(world)
    with ThreadPoolExecutor(len(worlds)) as pool:
        for future in [pool.submit(one, job) for job in jobs]:
            future.result()


def nth(fault, which, n=1):
    """For StrictS3.faults: the nth of these requests meets it."""
    count = itertools.count(1)
    return lambda request: fault if which(request) and next(count) == n else None


def check_ending(command, done, took_s, shown):
    """What holds however a run ended."""
    assert took_s < TIMEOUT_S + MARGIN_S, f"{took_s:.1f} s: {shown}"
    assert all(line.startswith("walship: ") for line in done.err.splitlines()), shown
    if COMMANDS[command][-1] == "--json":
        assert done.out in (b"", b"\n") or done.out.endswith(b"\n"), shown
        parsed = [json.loads(line) for line in done.out.splitlines()]
        assert all(step.get("hint") is None for step in parsed if step.get("result") == "ok"), shown
    if command == "status":
        assert parsed[-1]["exit_code"] == done.code, shown
        assert done.code != 3 or not parsed[-1]["archive"]["reachable"] and "hint" in parsed[-1]["checks"][0], shown
    elif done.code != 0:
        errors = [line for line in done.error.splitlines() if not line.startswith("walship: warning: ")]
        assert len(errors) == 1 and errors[0].startswith(f"walship: {command.removesuffix(' --read')}"), shown


def check_claims(world, command, done, clean, shown):
    """With exit code 0 it says what it says without a fault; what it could not look at it names."""
    if done.code != 0 or plain(world, done.out) == clean[world, command]:
        return
    lines = [json.loads(line) for line in done.out.splitlines()]
    if command == "check":
        doubts = {step["step"]: step["result"] for step in lines if step["result"] != "ok"}
        assert "failed" not in doubts.values() and set(doubts) <= {"server", "clock", "list it", "remove it", "open what is stored"}, shown
    elif command == "backfill":
        assert lines[-1]["pushed_files"] >= 1 and lines[-1]["failed_files"] == 0, shown
    elif command == "key list":
        assert any(line["kind"] == "archived_total" for line in lines), shown
    else:
        assert "walship: warning: " in done.err and command == "info", shown


@pytest.fixture(scope="module")
def ledger():
    rows = collections.defaultdict(dict)
    yield rows
    print("\n| fault | met by | " + " | ".join(COMMANDS) + " |\n" + "| --- " * (len(COMMANDS) + 2) + "|")
    for (fault, where), codes in rows.items():
        print(f"| {fault} | {where} | " + " | ".join(str(codes.get(command, "")) for command in COMMANDS) + " |")


def one_meets_it(worlds, clean, ledger, jobs, where, which):
    """jobs: (fault, command, the exit codes that may be, which of the requests meets it)."""
    def work(world, job):
        fault, command, codes, n = job
        world.server.faults = nth(fault, which, n)
        done, took_s = world.run(command)
        shown = f"{fault}, met by {where} of {command}: exit {done.code} of {codes}, {took_s:.1f} s, {done.err!r}, {done.out.decode()!r}"
        assert world.server.injected[fault] == 1, shown
        # On a slow machine the deadline of a step may come before the next try: that is an outage, and said to be one.
        assert done.code in codes or done.code == 3 and took_s >= TIMEOUT_S / 2, shown
        check_ending(command, done, took_s, shown)
        if fault != "bit flipped" or where != "a listing":  # nothing but TLS protects a listing
            check_claims(world, command, done, clean, shown)
        ledger[fault, where][command] = done.code
    each(worlds, jobs, work)


def test_a_listing_meets_it_once(worlds, clean, ledger):
    faults = {**strict_s3_faults.FAULTS, **strict_s3_lies.LISTINGS}
    # One empty page is none of a listing that goes on.
    harmless = PASSING | {"length too long", "empty pages for ever"}
    jobs = [(fault, command, (0, 3) if fault == "bit flipped" else (0,) if fault in harmless else (BY_LISTING[command],), 1)
            for fault in faults for command in COMMANDS]
    jobs = extent.every(4, jobs)
    one_meets_it(worlds, clean, ledger, jobs, "a listing", is_listing)


def test_a_read_meets_it_once(worlds, clean, ledger):
    faults = {**strict_s3_faults.FAULTS, **strict_s3_lies.BODIES}
    jobs = [(fault, command, (0,) if fault in PASSING else (BY_READ[fault][column] if fault in BY_READ else 3,), n)
            for fault in faults for column, (command, n) in enumerate(GETS.items())]
    jobs = extent.every(5, jobs)
    one_meets_it(worlds, clean, ledger, jobs, "a read", is_get)


def test_another_request_meets_it_once(worlds, clean, ledger):
    """The first of backfill looks for a history, that of check for the store."""
    jobs = [(fault, command, (3,) if command == "check" and fault in ("no answer", "answer drips") else (0,), 1)
            for fault in strict_s3_faults.FAULTS for command in ("check", "backfill")]
    one_meets_it(worlds, clean, ledger, jobs, "HEAD", lambda request: request.method == "HEAD")


def test_everything_meets_it_for_ever(worlds, ledger):
    def work(world, job):
        fault, command = job
        world.server.faults = lambda _request: fault
        done, took_s = world.run(command)
        shown = f"{fault} for ever, {command}: exit {done.code}, {took_s:.1f} s, {done.err!r}, {done.out.decode()!r}"
        assert done.code == 3, shown
        check_ending(command, done, took_s, shown)
        ledger[fault, "everything, for ever"][command] = done.code
    each(worlds, extent.every(4, [(fault, command) for fault in ("no answer", "503", "body drips", "endless headers", "403 no permission")
                                  for command in COMMANDS if command != "check" or fault != "403 no permission"]), work)


def test_what_is_not_granted(worlds, ledger):
    """A policy that grants a part: what needs the rest says so, and does not guess."""
    denied = {"ListBucket": (is_listing, {**BY_LISTING}), "GetObject": (is_get, dict(zip(GETS, (3, 3, 3, 3, 3, 3))) | {
        "list": 0, "status": 3, "backfill": 0}), "DeleteObject": (lambda request: request.method == "DELETE", dict.fromkeys(COMMANDS, 0))}

    def work(world, job):
        action, command = job
        which, codes = denied[action]
        world.server.faults = lambda request: "403 no permission" if which(request) else None
        done, took_s = world.run(command)
        shown = f"without {action}, {command}: exit {done.code}, {done.err!r}, {done.out.decode()!r}"
        assert done.code == codes[command], shown
        check_ending(command, done, took_s, shown)
        assert done.code != 3 or command == "check" or action in done.hint + done.out.decode(), shown
        ledger[f"no s3:{action}", "all of them"][command] = done.code
    each(worlds, [(action, command) for action in denied for command in COMMANDS], work)


@pytest.mark.parametrize("command", ["list", "info", "verify"])
def test_credentials_end_in_the_middle_of_a_listing(scratch, program, control_file, command):
    """Of five pages the third is refused: the credentials' source is asked again, and every name is told once."""
    world = World(scratch, program, control_file, session_token="first")
    try:
        content = world.server.bucket.get(next(iter(world.before)))
        for number in range(6, 4500):
            name = wal.segment_name(2, number, SIZE)
            world.server.bucket.path(f"pre/{wal.object_name(world.system_id, name)}").write_bytes(content[:100])
        given = world.directory / "given.json"

        def give(token):
            host.USER.write(given, json.dumps({"Version": 1, "AccessKeyId": world.server.access_key, "SecretAccessKey": world.server.secret_key,
                                               "SessionToken": token, "Expiration": "2099-01-01T00:00:00Z"}), 0o600)
        give("first")
        host.USER.write(world.directory / "config", f"[default]\ncredential_process = cat {given}\n")
        world.walship.configure(s3_key=None, s3_key_secret_file=None, fetch_timeout="20s")

        def expire(request):
            if is_listing(request) and sum(map(is_listing, world.server.requests)) == 3:
                world.server.expired_tokens.add("first")
                world.server.session_token = "second"
                give("second")
        world.server.faults = expire
        done = world.walship.run(*COMMANDS[command], env={"AWS_CONFIG_FILE": str(world.directory / "config")})
        assert done.code == 0, done.err
        statuses = [request.status for request in world.server.requests if is_listing(request)]
        assert statuses[:6] == [200, 200, 400, 200, 200, 200], statuses
        assert statuses[6:] in ([], [400, 200]), "the marks of timelines are listed over a connection of its own"
        if command == "list":
            told = [json.loads(line)["object"] for line in done.out.splitlines()]
            assert [f"pre/{name}" for name in told] == world.server.bucket.keys()
        else:
            assert json.loads(done.out)["objects"] == 4500 and json.loads(done.out)["whole"]
        # A source that has no others ends it, and nothing is called whole.
        world.server.expired_tokens.add("second")
        world.server.faults = []
        done = world.walship.run(*COMMANDS[command], env={"AWS_CONFIG_FILE": str(world.directory / "config")})
        done.expect(3, "400 ExpiredToken", "temporary credentials have expired")
        assert done.out == b""
    finally:
        world.close()


@pytest.fixture
def world(scratch, program, control_file):
    made = World(scratch, program, control_file)
    yield made
    made.close()


def test_a_copy_further_down_is_none(world):
    """What backfill and status find must lie where fetch looks for it."""
    name, bucket = world.ahead, world.server.bucket
    where = wal.object_name(world.system_id, name)
    bucket.path(f"pre/{where.removesuffix(name)}old/{name}").write_bytes(bucket.get(next(iter(world.before))))
    out = json.loads(world.run("status")[0].expect(0).out)
    assert out["archive"]["newest_segment"] == wal.segment_name(2, 5, SIZE)
    lines = [json.loads(line) for line in world.run("backfill")[0].expect(0).out.splitlines()]
    assert (lines[0]["name"], lines[0]["result"], lines[-1]["stored_files"]) == (name, "pushed", 2)
    assert f"pre/{where}" in bucket.keys()


def test_what_is_shorter_than_any_object_is_none(world):
    """Another program's empty object of this name: backfill says so, and status does not count it as archived."""
    where = wal.object_name(world.system_id, world.ahead)
    world.server.bucket.path(f"pre/{where}").write_bytes(b"")
    out = json.loads(world.run("status")[0].expect(0).out)
    assert out["archive"]["newest_segment"] == wal.segment_name(2, 5, SIZE)
    done = world.run("backfill")[0].expect(4, "1 of 1 files could not be pushed")
    assert json.loads(done.out.splitlines()[0])["result"] == "failed"
    assert world.server.bucket.get(f"pre/{where}") == b""


def test_a_proxys_page_is_no_history(world):
    """backfill looks for histories with HEAD, which a page answers as well as an object."""
    del_key = f"pre/{wal.object_name(world.system_id, '00000002.history')}"
    world.server.bucket.path(del_key).unlink()
    world.server.faults = nth("200 of a proxy", lambda request: request.method == "HEAD")
    lines = [json.loads(line) for line in world.run("backfill")[0].expect(0).out.splitlines()]
    assert "00000002.history" in [line.get("name") for line in lines]
    assert del_key in world.server.bucket.keys()
