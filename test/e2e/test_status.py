"""walship status: says what is, whatever is down; and does not cry wolf over a quiet server."""

import json
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import host, openmetrics, wal
from test_notify import Told, wal_time

MIB = wal.MIB
OK, WARNING, CRITICAL, UNKNOWN = range(4)
BASE = 16  # behind what pg_control says is written: initdb's own WAL


class Look:
    """One call: exit code, JSON, and the checks by name."""

    def __init__(self, site, data, *args, **kwargs):
        result = site.run("status", "--json", "--pg-data", data, *args, **kwargs)
        assert len(result.out.splitlines()) == 1, result
        self.err, self.code, self.json = result.err, result.code, json.loads(result.out)
        self.checks = {check["name"]: check for check in self.json["checks"]}
        assert self.code == self.json["exit_code"] and list(self.checks) == ["archive", "backlog", "pushes", "chain", "disk", "backup"]
        assert self.json["status"] == ("OK", "WARNING", "CRITICAL", "UNKNOWN")[self.code]

    def says(self, code, **checks):
        """The exit code, and of checks the status; all others are OK."""
        found = {name: check["status"] for name, check in self.checks.items() if check["status"] != "OK"}
        assert (self.code, found) == (code, checks), json.dumps(self.json, indent=1)
        return self


class Place:
    """A data directory as far as status looks at one, with segments of 1 MiB, and what it has archived."""

    def __init__(self, site, data_dir, control_file):
        self.site, self.data, self.system_id = site, data_dir, control_file[0]
        self.status = self.data / "pg_wal/archive_status"

    def path(self, number):
        return self.data / "pg_wal" / wal.segment_name(1, BASE + number, MIB)

    def add(self, number, state=None, age=0):
        """A segment; state: ready or done, since so many seconds."""
        path = self.path(number)
        host.USER.write(path, wal.segment(self.system_id, path.name, MIB), 0o600)
        if state:
            mark = host.USER.write(self.status / f"{path.name}.{state}", b"", 0o600)
            os.utime(mark, (time.time() - age,) * 2)
        return path.name

    def push(self, *numbers):
        """Archived, as PostgreSQL would have it."""
        for number in numbers:
            name = self.add(number, "ready")
            self.site.run("push", self.path(number)).expect(0)
            (self.status / f"{name}.ready").rename(self.status / f"{name}.done")

    def look(self, *args, **kwargs):
        return Look(self.site, self.data, *args, **kwargs)

    def age(self, number, seconds):
        """A directory's object, as if it were older."""
        path = self.site.store.path / wal.object_name(self.system_id, self.path(number).name)
        os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
def place(site, data_dir, control_file):
    return Place(site, data_dir, control_file)


@pytest.fixture
def dir_place(dir_site, data_dir, control_file):
    return Place(dir_site, data_dir, control_file)


def checkpoint(cluster):
    cluster.sql("checkpoint")


# With PostgreSQL.

@pytest.mark.heart
def test_archiving_works(site):
    with site.primary("primary", "--wal-segsize=1") as primary:
        look = Look(site, primary.data) if primary.start() else None
        look.says(OK)
        assert "nothing is archived yet" in look.checks["archive"]["text"]
        for n in range(3):
            primary.sql(f"create table t{n} ()")
            last = primary.archive_all()
        checkpoint(primary)
        look = Look(site, primary.data).says(OK)
        assert look.err == ""
        archive = look.json["archive"]
        assert archive["reachable"] and archive["newest_segment"] == last and archive["newest_age_seconds"] < 60
        assert archive["gaps"] == [] and archive["missing_segments"] == 0
        assert abs(wal_time(archive["restorable_time"]) - time.time()) < 60
        assert look.json["system_id"] == str(primary.system_id())
        assert look.json["backlog"]["files"] == 0 and look.json["pushes"]["failures"] == 0
        assert look.json["server"] == {"state": "in production", "running": True, "timeline": 1}
        # For people, in the working directory, as the server's own calls are.
        result = site.run("status", cwd=primary.data)
        assert result.code == OK and result.out.decode().startswith(f"walship OK: newest segment is {last}, ")
        assert "PostgreSQL is running" in result.out.decode()
        primary.stop()
        look = Look(site, primary.data).says(OK)
        assert look.json["server"]["state"] == "shut down" and not look.json["server"]["running"]


def test_store_down_then_up(site):
    site.walship.configure(push_timeout="1s", status_timeout="3s")
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.expect(r"walship: ", r"archive command failed with exit code 3").start()
        primary.sql("create table t ()")
        primary.archive_all()
        site.store.go_away()
        look = Look(site, primary.data)
        look.says(UNKNOWN, archive="UNKNOWN", chain="UNKNOWN", backup="UNKNOWN")
        assert not look.json["archive"]["reachable"] and "according to archive_status the last push succeeded at" in look.checks["archive"]["text"]
        primary.sql("create table u ()")
        name = primary.switch()
        host.wait_for(lambda: Look(site, primary.data).json["pushes"]["failures"] >= 2, "two failures")
        look = Look(site, primary.data)
        look.says(UNKNOWN, archive="UNKNOWN", chain="UNKNOWN", backup="UNKNOWN", pushes="WARNING")
        pushes = look.json["pushes"]
        assert pushes["last_file"] == name and f"push {name}: " in pushes["last_error"] and pushes["last_exit_code"] == 3
        assert look.json["backlog"]["files"] >= 1 and look.json["backlog"]["first_file"] == name
        time.sleep(1)
        look = Look(site, primary.data, "--status-age-warning=500ms", "--status-age-critical=1s")
        look.says(CRITICAL, archive="UNKNOWN", chain="UNKNOWN", backup="UNKNOWN", pushes="CRITICAL", backlog="CRITICAL")
        site.store.come_back()
        primary.stop()
        primary.start()
        primary.wait_archived()
        Look(site, primary.data).says(OK)


def test_a_store_that_hangs_is_waited_for_no_longer_than_wished(s3_site):
    s3_site.walship.configure(status_timeout="2s")
    s3_site.store.proxy.stall()
    begun = time.monotonic()
    result = s3_site.run("status", "--system-id", 7)
    assert result.code == UNKNOWN and b"timed out" in result.out and result.err == ""
    assert 1 < time.monotonic() - begun < 8


def test_never_archived(dir_site):
    """archive_mode was forgotten: nothing waits, nothing fails, and nothing is archived."""
    with dir_site.primary(archive_mode="off") as primary:
        primary.start()
        for n in range(3):
            primary.sql(f"create table t{n} ()")
            primary.switch()
        checkpoint(primary)
        look = Look(dir_site, primary.data)
        look.says(CRITICAL, archive="CRITICAL")
        assert "has ever been archived" in look.checks["archive"]["text"] and "archive_mode" in look.checks["archive"]["hint"]


def test_archiving_was_switched_off(dir_site):
    with dir_site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t ()")
        last = primary.archive_all()
        primary.stop()
        primary.configure(archive_mode="off").start()
        for n in range(4):
            primary.sql(f"create table u{n} ()")
            primary.switch()
        checkpoint(primary)
        stored = dir_site.store.path / wal.object_name(primary.system_id(), last)
        Look(dir_site, primary.data).says(OK)
        os.utime(stored, (time.time() - 20 * 60,) * 2)
        look = Look(dir_site, primary.data).says(WARNING, archive="WARNING")
        assert "finished but not marked for archiving" in look.checks["archive"]["text"]
        assert "backfill" in look.checks["archive"]["hint"]
        os.utime(stored, (time.time() - 31 * 60,) * 2)
        Look(dir_site, primary.data).says(CRITICAL, archive="CRITICAL")


def test_an_archiver_that_calls_another_program(dir_site):
    """.ready files get old, no push has failed: PostgreSQL is running or not, it is told."""
    with dir_site.primary("primary", "--wal-segsize=1") as primary:
        primary.configure(archive_command="false").expect(r"archive command failed").start()
        primary.sql("create table t ()")
        name = primary.switch()
        ready = primary.data / f"pg_wal/archive_status/{name}.ready"
        Look(dir_site, primary.data).says(OK)
        os.utime(ready, (time.time() - 20 * 60,) * 2)
        look = Look(dir_site, primary.data).says(WARNING, archive="WARNING", backlog="WARNING")
        assert "does it call walship" in look.checks["backlog"]["hint"]
        primary.stop()
        os.utime(ready, (time.time() - 31 * 60,) * 2)
        look = Look(dir_site, primary.data).says(CRITICAL, archive="CRITICAL", backlog="CRITICAL")
        assert "PostgreSQL is not running here" in look.checks["backlog"]["hint"]


def test_a_promotion_is_no_gap(dir_site):
    """A new timeline begins with the number where the old one ended, and its first segments may be all there are."""
    with dir_site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        backup = primary.basebackup(dir_site.cluster("backup"))
        for n in range(3):
            primary.sql(f"create table t{n} ()")
            primary.archive_all()
        primary.stop()
    with dir_site.restored(backup) as restored:
        restored.start(wait=False)
        restored.wait_promoted()
        restored.sql("create table u ()")
        last = restored.archive_all()
        look = Look(dir_site, restored.data).says(OK)
        assert look.json["archive"]["newest_segment"] == last and last.startswith("00000002")
        assert look.json["archive"]["listed_objects"] >= 4
        lost = sorted(name for name in dir_site.store.list() if re.search(r"/0{7}1[0-9A-F]{16}$", name))[-2]
        dir_site.store.delete(lost)
        look = Look(dir_site, restored.data).says(CRITICAL, chain="CRITICAL")
        gap = {"first": lost.rsplit("/", 1)[1], "last": lost.rsplit("/", 1)[1], "segments": 1}
        assert look.json["archive"]["gaps"] == [gap]


# With a made-up data directory.

def test_a_quiet_server_is_no_alarm(dir_place):
    dir_place.push(1, 2)
    for number in (1, 2):
        dir_place.age(number, 5 * 3600)
    look = dir_place.look().says(OK)
    assert "a quiet server" in look.checks["archive"]["text"] and look.json["archive"]["newest_age_seconds"] >= 5 * 3600
    # Without a data directory it is not known to be quiet.
    result = dir_place.site.run("status", "--system-id", dir_place.system_id)
    assert result.code == CRITICAL and result.out.decode().startswith("walship CRITICAL: newest segment is 0000000100000000000000")
    assert "✓ chain    no gap among the newest 2 objects" in result.out.decode()


def test_a_gap_without_a_data_directory(place):
    """wal_segment_size is in the segments themselves. What was stored just now may wait for what goes before it."""
    place.push(1, 2, 4)
    def look(*args):
        result = place.site.run("status", "--json", "--system-id", place.system_id, *args)
        return result.code, json.loads(result.out)
    code, found = look()
    assert (code, found["archive"]["missing_segments"], found["archive"]["gaps"]) == (OK, 0, [])
    host.wait_for(lambda: look("--push-timeout", "1s")[0] == CRITICAL, "the gap is told")
    code, found = look("--push-timeout", "1s")
    [chain] = [check for check in found["checks"] if check["name"] == "chain"]
    name = place.path(3).name
    assert chain["status"] == "CRITICAL" and found["archive"]["gaps"] == [{"first": name, "last": name, "segments": 1}]


@pytest.mark.heart
def test_a_gap_is_named(place):
    place.push(*range(1, 12))
    for number in (4, 7, 8):
        place.site.store.delete(wal.object_name(place.system_id, place.path(number).name))
    for mark in place.status.glob("*.done"):  # PostgreSQL removes them with the segments
        mark.unlink()
    look = place.look().says(CRITICAL, chain="CRITICAL")
    names = {number: place.path(number).name for number in (4, 7, 8)}
    assert look.json["archive"]["gaps"] == [{"first": names[4], "last": names[4], "segments": 1},
                                            {"first": names[7], "last": names[8], "segments": 2}]
    assert look.json["archive"]["missing_segments"] == 3 and "backfill" in look.checks["chain"]["hint"]


def test_a_switch_that_is_very_far_off(dir_place):
    """A damaged history file tells of it: what is missing up to there is worked out, not counted."""
    dir_place.push(1)
    history = dir_place.data / "pg_wal/00000002.history"
    host.USER.write(history, b"1\tFFFFFFFF/F0000000\tno recovery target specified\n", 0o600)
    later = dir_place.add(3).replace("00000001", "00000002", 1)
    dir_place.path(3).rename(dir_place.data / "pg_wal" / later)
    host.USER.write(dir_place.status / f"{later}.ready", b"", 0o600)
    gaps = dir_place.look("--status-timeout=30s").says(CRITICAL, chain="CRITICAL").json["archive"]["gaps"]
    assert [(gap["first"], gap["last"], gap["segments"]) for gap in gaps] == [
        (dir_place.path(2).name, "00000001FFFFFFFF00000EFF", (2**32 << 12) - 256 - BASE - 2)]


def test_what_goes_ahead_leaves_no_gap(dir_place):
    """push-ahead stores later segments before earlier ones: those are on their way, and what is restorable waits for them."""
    dir_place.push(1, 2, 4, 5)
    dir_place.add(3, "ready")
    dir_place.age(2, 600)
    look = dir_place.look().says(OK)
    assert look.json["archive"]["missing_segments"] == 0
    assert abs(wal_time(look.json["archive"]["restorable_time"]) - (time.time() - 600)) < 60
    (dir_place.status / f"{dir_place.path(3).name}.ready").unlink()
    look = dir_place.look().says(CRITICAL, chain="CRITICAL")
    assert look.json["archive"]["missing_segments"] == 1


def test_the_backlog_has_thresholds(dir_place):
    dir_place.push(1)
    for number in range(2, 12):
        dir_place.add(number, "ready", age=60)
    look = dir_place.look().says(OK)
    assert (look.json["backlog"]["files"], look.json["backlog"]["bytes"]) == (10, 10 * MIB)
    assert look.json["backlog"]["first_file"] == dir_place.path(2).name and 55 < look.json["backlog"]["oldest_age_seconds"] < 120
    for option, code in (("ready-warning=10", WARNING), ("ready-critical=10", CRITICAL), ("ready-critical=11", OK),
                         ("bytes-warning=10MiB", WARNING), ("bytes-critical=10MiB", CRITICAL), ("bytes-warning=11MiB", OK),
                         ("age-warning=50s", WARNING), ("age-critical=50s", CRITICAL)):
        look = dir_place.look(f"--status-{option}", f"--status-{option.replace('critical', 'warning')}")
        assert look.checks["backlog"]["status"] == ("OK", "WARNING", "CRITICAL")[code], option


def test_only_the_newest_directories_are_listed(dir_place):
    """Ten thousand older names are not looked at."""
    dir_place.push(1, 2)
    directory = dir_place.site.store.path / str(dir_place.system_id) / "wal"
    for log in range(5):  # of a timeline that is none of this server's
        place = host.USER.mkdir(directory / f"00000002{log:08X}")
        for number in range(2000):
            (place / f"00000002{log:08X}{number:08X}").touch()
    log = dir_place.site.directory / "strace"
    look = dir_place.look()
    assert look.json["archive"]["listed_objects"] == 2
    done = subprocess.run(["strace", "-f", "-o", log, "-e", "trace=newfstatat", *dir_place.site.walship.argv(
        "status", "--pg-data", dir_place.data)], capture_output=True, check=False, env=host.clean_env())
    assert log.read_text().count("newfstatat") < 200, done
    look.says(OK)


def test_files_that_something_else_archived(dir_place):
    """archive_command = /bin/true; and pushes with another spool, as with PrivateTmp."""
    dir_place.push(1, 2)
    dir_place.look().says(OK)
    name = dir_place.add(3, "done")
    look = dir_place.look().says(CRITICAL, archive="CRITICAL")
    assert f"PostgreSQL has marked {name} as archived, but the repository ends with" in look.checks["archive"]["text"]
    dir_place.push(3)
    dir_place.look().says(OK)
    look = dir_place.look("--spool", host.USER.mkdir(dir_place.data / "../other-spool", 0o700)).says(UNKNOWN, pushes="UNKNOWN")
    assert "no push has left a trace in the spool" in look.checks["pushes"]["text"] and "PrivateTmp" in look.checks["pushes"]["hint"]


def test_the_last_number_there_is(dir_place):
    """A name from a test, or a damaged pg_control: the directories behind it are not listed, for there are none."""
    dir_place.push(1)
    host.USER.write(dir_place.status / "00000001FFFFFFFF00000000.done", b"", 0o600)
    begun = time.monotonic()
    look = dir_place.look("--status-timeout=30s")
    assert look.json["archive"]["reachable"] and time.monotonic() - begun < 20


@pytest.fixture
def small_place(dir_site, data_dir, control_file, small_disk):
    """pg_wal on a file system of 40 MiB."""
    made = small_disk(40 * 1024)
    shutil.rmtree(data_dir / "pg_wal")
    (data_dir / "pg_wal").symlink_to(made.path)
    host.USER.mkdir(made.path / "archive_status", 0o700)
    return Place(dir_site, data_dir, control_file), made


def test_the_disk_fills(small_place):
    place, small = small_place
    place.push(1)
    look = place.look().says(OK)
    assert look.json["disk"]["full_in_seconds"] is None and look.json["disk"]["total_bytes"] == 40 * MIB
    [looks] = [path for path in Path(place.site.walship.options["spool"]).iterdir() if path.name.startswith("disk-")]

    def earlier(seconds):
        """The look before this one, as if it had been so long ago."""
        looks.write_text(re.sub(r"(?m)^(earlier|later) \d+$", rf"\1 {int(time.time()) - seconds}", looks.read_text()))
    earlier(700)  # too short a time: a burst
    (small.path / "table").write_bytes(b"\0" * 20 * MIB)  # of a table space
    place.look().says(OK)
    earlier(1000)
    look = place.look().says(CRITICAL, disk="CRITICAL")
    rate, left = look.json["disk"]["bytes_per_second"], look.json["disk"]["full_in_seconds"]
    assert 18_000 < rate < 22_000 and 750 < left < 1075 and re.search("full in 1[2-7] min", look.checks["disk"]["text"])
    assert place.look("--status-disk-critical=10s").says(WARNING, disk="WARNING")
    place.look("--status-disk-critical=10s", "--status-disk-warning=20s").says(OK)
    small.fill(MIB)
    look = place.look()
    assert look.checks["disk"]["status"] == "CRITICAL" and look.checks["disk"]["text"].startswith("full: ")


def test_the_disk_fills_while_files_wait(small_place):
    """Without an earlier look the files' own times tell the rate."""
    place, small = small_place
    for number in range(1, 12):
        place.add(number, "ready", age=600 - 60 * (number - 1))
    look = place.look()
    expected = 10 * MIB / 600
    assert abs(look.json["disk"]["bytes_per_second"] - expected) < expected / 50
    assert look.checks["disk"]["status"] == "CRITICAL" and look.json["disk"]["full_in_seconds"] < 29 * MIB / expected + 60


def test_a_full_disk_is_looked_at_all_the_same(small_place):
    place, small = small_place
    place.push(1)
    small.fill()
    place.look().says(CRITICAL, disk="CRITICAL")


def test_not_known_is_unknown(dir_place):
    site = dir_place.site
    result = site.run("status")
    assert (result.code, result.out) == (UNKNOWN, b"")
    result.expect(UNKNOWN, r"cannot tell which cluster to check", r"--pg-data")
    site.run("status", "--json", "--prometheus", "--pg-data", dir_place.data).expect(UNKNOWN, "--json and --prometheus exclude each other")
    site.run("status", "--status-timeout", "soon").expect(UNKNOWN, "is no time|not a time", ".")
    dir_place.push(1)
    shutil.rmtree(dir_place.status)
    dir_place.look().says(UNKNOWN, backlog="UNKNOWN")
    shutil.rmtree(dir_place.data / "pg_wal")
    look = dir_place.look()
    assert look.code == UNKNOWN and look.checks["disk"]["status"] == "UNKNOWN"


def test_another_user_does_not_see_the_pushes(dir_place):
    """What pushes noted is the server's user's own."""
    dir_place.push(1)
    done = subprocess.run(dir_place.site.walship.argv("status", "--pg-data", dir_place.data, "--spool=/tmp/walship-none"),
                          capture_output=True, check=False, env=host.clean_env())
    if os.getuid() == host.USER.uid:
        pytest.skip("there is no other user here")
    assert done.returncode == UNKNOWN and b"run walship status as the server's user" in done.stdout


@pytest.mark.parametrize("how, text", [
    ("open", "is not a directory of user [0-9]+ with mode 0700"), ("foreign", "is not a directory of user [0-9]+ with"),
    ("absent", "create the spool .*: No such file"), ("read-only", "cannot record their failures in the spool .*: Read-only"),
    ("full", "cannot record their failures in the spool .*: No space left")])
def test_a_spool_that_takes_no_record(dir_place, small_disk, how, text):
    """Pushes fail, and cannot note it: that nothing is noted is no good news. What was noted before still counts."""
    site = dir_place.site
    small = small_disk(64)
    spool = small.path if how == "absent" else host.USER.mkdir(small.path / "spool", 0o700)
    told = Told(site.directory)
    site.walship.configure(spool=spool / "none/spool" if how == "absent" else spool, notify_command=told.script, notify_after="1ms",
                           push_ahead="0")
    dir_place.push(1)
    dir_place.add(2, "ready", age=7200)
    {"open": lambda: spool.chmod(0o755), "foreign": lambda: os.chown(spool, host.USER.uid + 1, -1), "absent": lambda: os.chown(spool, 0, 0),
     "read-only": lambda: small.set_read_only(True), "full": small.fill}[how]()
    site.store.go_away()
    assert site.run("push", dir_place.path(2)).code == 3
    site.store.come_back()
    look = dir_place.look("--notify")
    look.says(CRITICAL, backlog="CRITICAL", pushes="UNKNOWN")
    assert re.search(text, look.checks["pushes"]["text"]) and "spool" in look.checks["pushes"]["hint"]
    assert re.fullmatch(f"walship: warning: notify-command is not run: .*{text}.*\n", look.err) and not told.calls()


def test_a_record_from_before_the_disk_was_full(dir_place, small_disk):
    site, small = dir_place.site, small_disk(256)
    site.walship.configure(spool=host.USER.mkdir(small.path / "spool", 0o700), push_ahead="0")
    dir_place.push(1)
    dir_place.add(2)
    site.store.go_away()
    assert site.run("push", dir_place.path(2)).code == 3
    site.store.come_back()
    small.fill()
    assert "1 push has failed" in dir_place.look().says(WARNING, pushes="WARNING").checks["pushes"]["text"]


# Metrics.

def values(text):
    """{name or name{check}: value}"""
    found = {}
    for family in openmetrics.parse(text).values():
        assert family.type == "gauge" and family.help
        for labels, value in family.samples.items():
            labels = dict(labels)
            assert labels.pop("system_id").isdigit()
            found[family.name + (f"{{{labels.pop('check')}}}" if labels else "")] = value
            assert not labels
    return found


def promtool(text):
    """Prometheus' own opinion, where it is at hand: it is too large to be one of the tests' packages."""
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_metrics(place):
    place.push(1, 2)
    place.add(3, "ready", age=1200)
    result = place.site.run("status", "--prometheus", "--pg-data", place.data)
    assert result.code == WARNING and result.err == ""
    promtool(result.out)
    found = values(result.out)
    assert found["walship_status"] == WARNING and found["walship_check_status{backlog}"] == WARNING
    assert found["walship_check_status{chain}"] == OK
    assert (found["walship_ready_files"], found["walship_ready_bytes"], found["walship_push_failures"]) == (1, MIB, 0)
    assert 1190 < found["walship_ready_oldest_age_seconds"] < 1300
    assert abs(found["walship_newest_segment_timestamp_seconds"] - time.time()) < 60
    assert found["walship_repository_reachable"] == 1 and found["walship_disk_full_in_seconds"] == float("inf")
    place.site.store.go_away()
    place.site.walship.configure(status_timeout="2s")
    result = place.site.run("status", "--prometheus", "--pg-data", place.data)
    assert result.code == UNKNOWN
    promtool(result.out)
    found = values(result.out)
    assert found["walship_repository_reachable"] == 0 and "walship_newest_segment_timestamp_seconds" not in found
    assert found["walship_status"] == found["walship_check_status{archive}"] == UNKNOWN


def test_a_clock_that_is_or_was_wrong(dir_place):
    """Stored in the future, by the clock here; and files that wait since before it was set: no age is told, and nobody is told of one."""
    told = Told(dir_place.site.directory)
    dir_place.site.walship.configure(notify_command=str(told.script), notify_after="5min", status_age_critical="30min")
    dir_place.push(1)
    dir_place.age(1, -7200)
    dir_place.add(2, "ready", age=time.time() - 7)
    look = dir_place.look("--notify").says(WARNING, archive="WARNING", backlog="WARNING")
    assert look.json["archive"]["newest_age_seconds"] is None and look.json["backlog"]["oldest_age_seconds"] is None
    assert look.json["backlog"]["oldest_time"] == "1970-01-01T00:00:07Z" and not told.calls()
    assert "since 1970-01-01T00:00:07Z, but this machine's clock says 20" in look.checks["backlog"]["text"]
    assert "timedatectl" in look.checks["archive"]["hint"]


def test_the_metrics_file_is_whole_at_any_time(dir_place):
    """Whoever reads it while it is written anew sees one or the other; and the text goes to standard output as ever."""
    place = host.USER.mkdir(dir_place.site.directory / "collector")
    path = place / "walship.prom"
    dir_place.push(1)
    dir_place.site.walship.configure(metrics_file=path)
    dir_place.look().says(OK)
    assert path.stat().st_mode & 0o777 == 0o644
    seen, ended = [], threading.Event()

    def collect():
        while not ended.is_set():
            seen.append(path.read_bytes())
    reader = threading.Thread(target=collect)
    reader.start()
    try:
        for _ in range(10):
            assert dir_place.site.run("status", "--pg-data", dir_place.data).out.startswith(b"walship OK: ")
    finally:
        ended.set()
        reader.join()
    assert len(seen) > 20
    for text in set(seen):
        assert values(text)["walship_status"] == OK
    assert os.listdir(place) == ["walship.prom"]
    dir_place.site.walship.configure(metrics_file=place / "none/walship.prom")
    done = dir_place.site.run("status", "--pg-data", dir_place.data).expect(
        UNKNOWN, r"metrics-file .*: open directory .*No such file", rf"its directory must exist and be writable by user id {host.USER.uid}, which runs this command")
    assert b"walship OK: " in done.out  # all that is known is said
    os.chmod(place, 0o555)
    dir_place.site.walship.configure(metrics_file=place / "other.prom")
    dir_place.site.run("status", "--pg-data", dir_place.data).expect(UNKNOWN, r"metrics-file .*Permission denied", r"be writable by user id")
    # What is critical stays critical.
    dir_place.add(9, "ready", age=3600)
    assert re.search("metrics-file .*; its directory must exist", dir_place.look().says(CRITICAL, backlog="CRITICAL").err)


@pytest.mark.parametrize("text", [
    "", "# EOF", "a 1\n", "a 1\n# EOF\n", "# TYPE a gauge\n# EOF\n", "# TYPE a gauge\na 1\n\n# EOF\n",
    "# TYPE a gauge\na 1\n# TYPE a gauge\n# EOF\n", "# TYPE a gauge\na 1\na 2\n# EOF\n", "# TYPE a gauge\na one\n# EOF\n",
    "# TYPE a gauge\na_total 1\n# EOF\n", "# TYPE a counter\na 1\n# EOF\n", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
    "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n# EOF\n", "# TYPE a gauge\na{b=1} 1\n# EOF\n", "# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n",
    "# TYPE a gauge\na{b=\"1\",} 1\n# EOF\n", "# TYPE a gauge\na  1\n# EOF\n", "# TYPE a gauge\na 1 \n# EOF\n",
    "# TYPE a number\na 1\n# EOF\n", "# A remark\n# TYPE a gauge\na 1\n# EOF\n", "# TYPE a gauge\r\na 1\n# EOF\n",
    "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# HELP a b\n# EOF\n", "# TYPE a gauge\na 0x1\n# EOF\n",
])
def test_the_checker_is_strict(text):
    with pytest.raises(openmetrics.Invalid):
        openmetrics.parse(text)


# From a timer.

def test_notify_what_no_push_can_tell(dir_place):
    """No push was ever tried, the files get old: told once in a while, and once when all is well."""
    told = Told(dir_place.site.directory)
    dir_place.site.walship.configure(notify_command=told.script)
    dir_place.push(1)
    name = dir_place.add(2, "ready", age=3600)
    assert not told.calls()
    for _ in range(3):
        assert dir_place.look("--notify").code == CRITICAL
    [call] = told.calls()
    env = call["env"]
    assert env["WALSHIP_EVENT"] == "failing" and env["WALSHIP_FAILURES"] == "0" and "WALSHIP_FILE" not in env
    assert "backlog: 1 file waits to be archived" in env["WALSHIP_ERROR"] and name in env["WALSHIP_ERROR"]
    assert "archive_command" in env["WALSHIP_HINT"] or "not running" in env["WALSHIP_HINT"]
    assert abs(wal_time(env["WALSHIP_SINCE"]) - (time.time() - 3600)) < 60
    (dir_place.status / f"{name}.ready").rename(dir_place.status / f"{name}.done")
    dir_place.site.run("push", dir_place.path(2)).expect(0)
    for _ in range(2):
        dir_place.look("--notify").says(OK)
    assert [call["env"]["WALSHIP_EVENT"] for call in told.calls()] == ["failing", "working"]


def test_a_push_takes_back_what_push_told(dir_place):
    """A missing segment was told of; then a push fails and the next one succeeds: that says nothing of the segment."""
    told = Told(dir_place.site.directory)
    dir_place.site.walship.configure(notify_command=told.script, notify_after="1h", push_timeout="1s")
    dir_place.push(1, 3)
    dir_place.path(2).unlink(missing_ok=True)
    dir_place.look("--notify").says(CRITICAL, chain="CRITICAL")
    [call] = told.calls()
    assert call["env"]["WALSHIP_EVENT"] == "failing" and "chain: " in call["env"]["WALSHIP_ERROR"]
    name = dir_place.add(4, "ready")
    dir_place.site.store.go_away()
    assert dir_place.site.run("push", dir_place.path(4)).code == 3
    dir_place.site.store.come_back()
    dir_place.site.run("push", dir_place.path(4)).expect(0)
    (dir_place.status / f"{name}.ready").rename(dir_place.status / f"{name}.done")
    shown = dir_place.site.run("status", "--notify", "--pg-data", dir_place.data)
    assert shown.code == CRITICAL and re.search(r"^  notify   last run \S+ \(failing\)", shown.out.decode(), re.M)
    assert len(told.calls()) == 1
    dir_place.push(2)
    dir_place.look("--notify").says(OK)
    assert [call["env"]["WALSHIP_EVENT"] for call in told.calls()] == ["failing", "working"]


def test_notify_has_its_own_time_and_shows_its_result(dir_place):
    dir_place.site.walship.configure(notify_command="sh -c 'sleep 9; echo sent'", status_timeout="1s", notify_timeout="20s")
    dir_place.push(1)
    dir_place.add(2, "ready", age=3600)
    result = dir_place.site.run("-v", "status", "--notify", "--pg-data", dir_place.data)
    assert result.code == CRITICAL and result.err == "walship: notify-command: exited with code 0: sent\n"
    result = dir_place.site.run("status", "--pg-data", dir_place.data)
    assert re.search(r"^  notify   last run \S+ \(failing\): notify-command: exited with code 0: sent$",
                     result.out.decode(), re.M)


# Thresholds that contradict each other.

def test_critical_comes_before_no_warning(dir_place):
    """Said by whoever judges by them; archiving goes on."""
    dir_place.site.walship.configure(status_age_critical="10min")
    dir_place.push(1)
    told = r"status-age-critical is 10min \(\S+walship.conf:\d+\), but status-age-warning is 15min \(default\)"
    dir_place.site.run("status", "--pg-data", dir_place.data).expect(UNKNOWN, "status: " + told, "set status-age-warning to 10min or less")
    done = dir_place.site.run("check", "--pg-data", dir_place.data)
    assert done.code == 2 and re.search("✗ configuration +" + told, done.out.decode()), done
    dir_place.site.walship.configure(status_age_warning="10min")
    dir_place.look().says(OK)
