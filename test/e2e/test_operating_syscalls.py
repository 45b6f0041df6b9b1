"""Every system call of the commands that look into a directory repository fails once: an honest code, whole lines, nothing changed."""

import json
import os
import random

import pytest

from harness import extent, inject, objects, wal
from test_faults_operating import SIZE, switched_segment
from test_watch_syscalls import Bench, nothing_beside  # noqa: F401

SAMPLE = extent.rounds(60, 12)  # calls for each command; SYSCALLS=all takes each
RUNS = {"list": ("list", "--json"), "verify --read": ("verify", "--read", "--json"), "key list": ("key", "list", "--json"),
        "check": ("check", "--json"), "backfill": ("backfill", "--json")}


def snapshot(bench):
    return {path.relative_to(bench.store.path): path.read_bytes() for path in bench.store.path.rglob("*") if path.is_file()}


@pytest.fixture
def bench(scratch, program, control_file):
    made = Bench(scratch.directory("operate"), program, control_file)
    made.walship.configure(pg_data=made.data)
    for number in (18, 19):
        name = wal.segment_name(1, number, SIZE)
        where = wal.object_name(made.system_id, name)
        made.store.put(where, objects.make_object(switched_segment(made.system_id, name), where, made.walship.key))
    made.path.write_bytes(switched_segment(made.system_id, made.path.name))
    return made


def words(out):
    """What is told, without times and names that are new each time."""
    lines = [json.loads(line) for line in out.splitlines()]
    return [{key: value for key, value in line.items() if key not in ("took_seconds", "detail")} for line in lines]


@pytest.mark.parametrize("command", RUNS)
def test_each_system_call_fails_once(bench, seed, command):
    argv = bench.walship.argv(*RUNS[command])
    before = snapshot(bench)
    pushed = wal.object_name(bench.system_id, bench.path.name)

    def settle(leftover=False):
        now = snapshot(bench)
        assert {name: now.get(name) for name in before} == before, "an object was replaced or removed"
        for name in set(now) - set(before):
            assert str(name) == pushed or "walship-check-" in name.name or leftover, name
            (bench.store.path / name).unlink()
        return pushed in map(str, now)

    done, points = inject.points(argv, bench.log)
    assert done.returncode == 0, done.stderr
    clean = words(done.stdout)
    settle()
    if os.environ.get("SYSCALLS") != "all":
        # What asks whether something is there is the likeliest to take an error for a no.
        looks = [point for point in points if point[0] in ("access", "newfstatat")]
        points = looks + random.Random(seed).sample(points, min(SAMPLE, len(points)))
    met, codes = 0, {}
    for call, error, n in points:
        for path in bench.spool.glob("verified-*"):
            path.unlink()
        done, failed = inject.fail_call(argv, bench.log, call, error, n)
        met += failed > 0
        text, code = done.stderr.decode(), done.returncode
        shown = f"{command}, {call} #{n} fails with {error}: exit {code}, {text!r}, {done.stdout!r}"
        codes[code] = codes.get(code, 0) + 1
        there = settle(leftover=call.startswith("unlink"))
        assert code in (0, 2, 3, 4, 5, 6), shown
        assert code == 0 or text.startswith("walship: ") or call == "write", shown
        if call == "write":
            continue  # a line that broke off is told by the exit code
        told = words(done.stdout)
        if command == "backfill":
            assert there or code != 0, f"told as pushed: {shown}"
        elif command == "check":
            assert all(step["result"] != "failed" for step in told) == (code == 0) or "steps failed" not in text, shown
        elif code == 0:
            assert told == clean or "warning" in text, f"something else is claimed: {shown}"
    print(f"{command}: {met} of {len(points)} met, exit codes {codes}")
    assert met > 0.6 * len(points)
