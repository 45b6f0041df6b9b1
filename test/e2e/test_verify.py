"""What is in the repository, what is missing from it, and what can still be recovered: list, info, verify."""

import calendar
import json
import os
import pty
import re
import select
import signal
import time
from pathlib import Path

import pytest

from harness import extent, host, objects, wal

SIZE = wal.MIB


def lines(result):
    return [json.loads(line) for line in result.out.decode().splitlines()]


def name_of(number, timeline=1):
    return wal.segment_name(timeline, number, SIZE)


def store_wal(site, name, content):
    """An object as walship would have written it, behind its back."""
    where = wal.object_name(site.system_id, name)
    site.store.put(where, objects.make_object(content, where, site.walship.key))
    return where


def store_segments(site, numbers, timeline=1):
    """Whole segments: names count, and the first page of one of them."""
    for number in numbers:
        name = name_of(number, timeline)
        store_wal(site, name, wal.segment(site.system_id, name, SIZE))


def store_history(site, timeline, text):
    store_wal(site, f"{timeline:08X}.history", text.encode())


def shown_times(text):
    return re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)


def test_list_shows_every_object(site):
    store_segments(site, [3, 4])
    store_history(site, 2, "1\t0/500060\tno recovery target specified\n")
    site.store.put("other/thing", b"12345")
    result = site.run("list").expect(0)
    shown = [line.split() for line in result.out.decode().splitlines()]
    assert [line[2] for line in shown] == site.store.list()
    assert [int(line[1]) for line in shown] == [len(site.store.get(name)) for name in site.store.list()]
    assert len(shown_times(result.out.decode())) == 4

    known = {line["object"]: line for line in lines(site.run("list", "--json").expect(0))}
    assert sorted(known) == site.store.list()
    segment = known[wal.object_name(site.system_id, name_of(3))]
    assert (segment["kind"], segment["timeline"], segment["name"]) == ("segment", 1, name_of(3))
    assert segment["system_id"] == str(site.system_id)
    assert known["other/thing"] == {"object": "other/thing", "kind": "other", "bytes": 5, "system_id": None, "timeline": None,
                                    "name": None, "label": None, "part": None, "stored_time": known["other/thing"]["stored_time"]}
    assert known[f"{site.system_id}/wal/00000002.history"]["kind"] == "history"
    below = lines(site.run("list", "--json", f"{site.system_id}/wal/00000002").expect(0))
    assert [line["name"] for line in below] == ["00000002.history"]
    assert site.run("list", "nothing").expect(0).out == b""


def test_names_that_are_no_utf_8(dir_site):
    """Whoever reads JSON gets all lines, and ASCII of that name."""
    store_segments(dir_site, [3])
    with open(os.path.join(os.fsencode(dir_site.store.path), b"caf\xe9.txt"), "wb") as file:
        file.write(b"12345")
    assert [line["object"] for line in lines(dir_site.run("list", "--json").expect(0))][-1] == "caf?.txt"
    foreign = [line for line in lines(dir_site.run("key", "list", "--json").expect(0)) if line["kind"] == "foreign_total"]
    assert [(line["first"], line["last"], line["objects"]) for line in foreign] == [("caf?.txt", "caf?.txt", 1)]


def test_names_that_would_command_a_terminal(dir_site):
    """In no output, neither as one byte nor as UTF-8; JSON stays JSON."""
    store_segments(dir_site, [3])
    for name in (b"\x1b[2J", b"new\nline", b"\xc2\x9b31m", b"\x9b31m", b"\xed\xa0\x80", b"del\x7f", "caf\u00e9".encode()):
        with open(os.path.join(os.fsencode(dir_site.store.path), name), "wb") as file:
            file.write(b"12345")
    for command in (["list"], ["list", "--json"], ["info"], ["verify", "--json"], ["key", "list"], ["key", "list", "--json"]):
        result = dir_site.run(*command).expect(0)
        text = result.out.decode("utf-8", "strict" if "--json" in command else "surrogateescape")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\udc80-\udc9f]", text), repr(text)
        if "--json" in command:
            assert all(isinstance(line, dict) for line in lines(result))
        if command == ["list"]:
            assert len(text.splitlines()) == 8 and "caf\u00e9" in text and "??31m" in text


def test_info_counts_by_cluster_and_timeline(site):
    store_segments(site, [3, 4, 7])
    store_wal(site, f"{name_of(4)}.00000028.backup", wal.backup_label(name_of(4)))
    store_history(site, 2, "1\t0/800060\tno recovery target specified\n")
    store_segments(site, [8, 9], timeline=2)
    other = "7000000000000000001"
    name = f"{other}/wal/0000000100000000/{name_of(5)}"
    site.store.put(name, objects.make_object(wal.segment(int(other), name_of(5), SIZE), name, site.walship.key))

    first, second = lines(site.run("info", "--json").expect(0))
    assert (first["system_id"], second["system_id"]) == (other, str(site.system_id))
    assert second["segment_bytes"] == SIZE and second["objects"] == 7
    one, two = second["timelines"]
    assert (one["first"], one["last"], one["segments"], one["backups"]) == (name_of(3), name_of(7), 3, 1)
    stored = [len(site.store.get(wal.object_name(site.system_id, name_of(n)))) for n in (3, 4, 7)]
    assert one["segments_stored_bytes"] == sum(stored)
    assert abs(one["ratio"] - 3 * SIZE / sum(stored)) < 0.001
    assert (two["parent"], two["switch_lsn"], two["has_history"], two["segments"]) == (1, "0/800060", True, 2)
    assert one["oldest_time"] <= one["newest_time"] and abs(time.time() - timestamp(one["newest_time"])) < 300
    assert second["gaps"] == [{"timeline": 1, "first": name_of(5), "last": name_of(6), "segments": 2, "needed": True}]

    [alone] = lines(site.run("info", "--json", site.system_id).expect(0))
    assert alone == second
    text = site.run("info", site.system_id).expect(0).out.decode()
    assert f"timeline 1: 3 segments, {name_of(3)} to {name_of(7)}" in text
    assert f"timeline 2, from 1 at 0/800060: 2 segments, {name_of(8, 2)} to {name_of(9, 2)}" in text
    assert ", 1 .backup, 2 missing" in text
    for none in ("12x", "18446744073709551616", "042", "0", "+42"):
        site.run("info", none).expect(2, "not a system identifier", "pg_controldata")


def timestamp(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.heart
def test_verify_names_each_missing_range(site):
    store_segments(site, [3, 4])
    site.run("verify").expect(0)
    store_segments(site, [10, 12])
    result = site.run("verify").expect(6, r"verify .*: 6 segments are missing, in 2 ranges", "backfill")
    text = result.out.decode()
    assert f"✗ {name_of(5)} to {name_of(9)} are missing, 5 segments\n" in text
    assert f"✗ {name_of(11)} is missing\n" in text
    windows = re.findall(r"^✓ timeline 1 can be recovered from (\S+) \(stored \S+\) to (\S+) \(stored \S+\)(.*)$", text, re.M)
    assert windows == [("0/300000", "0/500000", ", up to a gap"), ("0/A00000", "0/B00000", ", up to a gap"), ("0/C00000", "0/D00000", ", the newest WAL")]
    [cluster] = lines(site.run("verify", "--json").expect(6, "missing", "backfill"))
    assert cluster["gaps"] == [
        {"timeline": 1, "first": name_of(5), "last": name_of(9), "segments": 5, "needed": True},
        {"timeline": 1, "first": name_of(11), "last": name_of(11), "segments": 1, "needed": True}]
    assert cluster["whole"] is False and cluster["missing_segments"] == 6
    before, between, window = cluster["windows"]
    assert (window["begin_lsn"], window["end_lsn"], window["first"]) == ("0/C00000", "0/D00000", name_of(12))
    assert (before["first"], before["last"], between["first"]) == (name_of(3), name_of(4), name_of(10))
    assert [(each["at_gap"], each["newest"]) for each in cluster["windows"]] == [(True, False), (True, False), (False, True)]
    assert all(abs(time.time() - timestamp(each[which])) < 300 for each in cluster["windows"] for which in ("first_stored_time", "last_stored_time"))


def test_verify_of_nothing_and_without_a_store(site):
    site.run("verify").expect(6, "the repository holds no WAL", "archive_command")
    store_segments(site, [3])
    site.run("verify").expect(0)
    site.store.go_away()
    site.walship.configure(fetch_timeout="2s")
    site.run("verify").expect(3, "verify ", None if site.store.kind == "s3" else "mount")
    site.store.come_back()
    site.run("verify").expect(0)


def test_a_damaged_history_is_named(site):
    store_segments(site, [3])
    store_history(site, 2, "1\t0/400000\tx\n")
    store_segments(site, [4], timeline=2)
    site.run("verify").expect(0)
    where = wal.object_name(site.system_id, "00000002.history")
    broken = bytearray(site.store.get(where))
    broken[-1] ^= 1
    site.store.put(where, bytes(broken))
    result = site.run("verify")
    assert result.code == 4 and f"warning: {where}: not authentic" in result.err and "1 object is damaged or unreadable" in result.err
    assert "otherwise look for another copy" in result.err and "key" not in result.err.partition("hint: ")[2]
    assert "✗ 00000002.history is unreadable: the parent of timeline 2 is unknown" in result.out.decode()
    site.store.delete(where)
    result = site.run("verify").expect(6, "1 timeline history is missing", "push")
    assert "✗ 00000002.history is missing: the parent of timeline 2 is unknown" in result.out.decode()


@pytest.mark.parametrize("length", [0, 95])
def test_what_is_too_short_is_not_there(site, length):
    """A name alone is no segment: a disk that was full, a copy of a bucket that was cut off."""
    store_segments(site, range(3, 9))
    short = wal.object_name(site.system_id, name_of(6))
    whole = site.store.get(short)
    site.store.delete(short)
    site.store.put(short, whole[:length])
    told = f"{short}: cut off: {length} bytes, without a tag"
    result = site.run("verify").expect(4, "1 object is damaged")
    assert told in result.err and f"{name_of(6)} is missing" in result.out.decode()
    info = site.run("info", "--json")
    assert info.code == 0 and told in info.err and [gap["first"] for gap in lines(info)[0]["gaps"]] == [name_of(6)]
    read = site.run("verify", "--read").expect(4, "6 objects are damaged")  # the others have no records: each counts once
    assert short in read.err or short in read.out.decode()
    # Nor is it asked for the size of segments, or taken for the beginning.
    for number in (3, 4, 5):
        site.store.delete(wal.object_name(site.system_id, name_of(number)))
    info = lines(site.run("info", "--json"))[0]
    assert info["timelines"][0]["first"] == name_of(7) and info["gaps"] == []


def test_gap_and_promotion_with_postgres(site):
    """A standby is promoted; its timeline joins the old one's, and a gap made on purpose is named exactly."""
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        backup = primary.basebackup(site.cluster("backup"), "-X", "stream")
        primary.sql("create table t as select generate_series(1, 1000) n")
        for _ in range(4):
            primary.sql("insert into t select generate_series(1, 1000)")
            primary.archive_all()
        system_id = primary.system_id()
    with site.restored(backup, "standby", "standby.signal") as standby:
        standby.start()
        standby.promote()
        assert standby.sql("select count(*) from t") == "5000"
        for _ in range(3):
            standby.sql("insert into t select generate_series(1, 1000)")
            standby.archive_all()
        standby.wait_archived()
    [cluster] = lines(site.run("verify", "--json").expect(0))
    assert cluster["system_id"] == str(system_id) and cluster["whole"] is True
    assert [t["timeline"] for t in cluster["timelines"]] == [1, 2]
    assert cluster["timelines"][1]["parent"] == 1
    [window] = cluster["windows"]
    assert (window["timeline"], window["first"]) == (2, cluster["timelines"][0]["first"])
    assert window["last"] == cluster["timelines"][1]["last"]

    names = [name.rsplit("/", 1)[1] for name in site.store.list()]
    # The segment of the switch is needed of timeline 2 alone.
    switch = int(cluster["timelines"][1]["switch_lsn"].split("/")[1], 16) // SIZE
    before = wal.segment_name(1, switch - 1, SIZE)
    first_of_two = wal.segment_name(2, switch, SIZE)
    assert before in names and first_of_two in names
    for name, timeline in ((before, 1), (first_of_two, 2)):
        where = wal.object_name(system_id, name)
        kept = site.store.get(where)
        site.store.delete(where)
        [cluster] = lines(site.run("verify", "--json").expect(6, "1 segment is missing, in 1 range", "backfill"))
        assert cluster["gaps"] == [{"timeline": timeline, "first": name, "last": name, "segments": 1, "needed": True}]
        before, behind = cluster["windows"]
        assert before["at_gap"] and (before["timeline"], before["first"]) == (1, cluster["timelines"][0]["first"])
        assert behind["newest"] and behind["first"].startswith("00000002")
        site.store.put(where, kept)
    site.run("verify").expect(0)


def all_shown(terminal):
    """What a process that has ended wrote to it."""
    shown = b""
    while select.select([terminal], [], [], 0.2)[0]:
        shown += os.read(terminal, 10000)
    return shown.decode()


@pytest.mark.parametrize("command", ["list", "info", "verify"])
def test_a_terminal_sees_progress_and_a_pipe_does_not(s3_site, command):
    """The line is there while the store is slow, and wiped away; the output itself is the same."""
    store_segments(s3_site, [3, 4])
    plain = s3_site.run(command).expect(0)
    s3_site.store.proxy.delay(0.4)
    master, slave = pty.openpty()
    try:
        running = s3_site.walship.popen(command, stderr=slave)
        assert running.communicate(timeout=60)[0] == plain.out
        shown = all_shown(master)
        assert re.match(r"\r\d objects", shown) and shown.endswith("\r\x1b[K"), repr(shown)
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("command", ["list", "info", "verify"])
def test_sigterm_ends_it_at_once(s3_site, command):
    """Also while the store does not answer."""
    store_segments(s3_site, [3])
    s3_site.store.proxy.stall()
    running = s3_site.walship.popen(command)
    try:
        time.sleep(0.5)
        assert running.poll() is None
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=10) == -signal.SIGTERM
        assert time.monotonic() - began < 5
    finally:
        running.kill()
        running.communicate()
        s3_site.store.proxy.forward()


def test_a_reader_that_takes_its_time(dir_site):
    """A pager that does not read holds the listing up for longer than its timeout, and nothing ends it."""
    directory = dir_site.store.path / str(dir_site.system_id) / "wal" / "0000000100000000"
    store_segments(dir_site, [0])
    for number in range(1, 4000):
        os.link(directory / name_of(0), directory / name_of(number))
    dir_site.walship.configure(fetch_timeout="1s")
    running = dir_site.walship.popen("list")
    time.sleep(8)  # the timeout, and the grace of the timer behind it
    assert running.poll() is None
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, b"")
    assert len(out.splitlines()) == 4000


# --read: everything is opened, and every WAL record checked.


@pytest.fixture
def archived(site):
    """(system id, names of segments) of a cluster that was under load: records cross pages and segments."""
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.pgbench("-i", "-s", "1", "-q")
        primary.pgbench("-n", "-c", "2", "-t", "200")
        primary.archive_all()
        system_id = primary.system_id()
    names = [name.rsplit("/", 1)[1] for name in site.store.list()]
    return system_id, sorted(name for name in names if len(name) == 24)


def read_line(result):
    [line] = [line for line in lines(result) if line["kind"] == "read"]
    return line


def damages(result):
    return {line["object"]: line["error"] for line in lines(result) if line["kind"] == "damaged"}


def test_read_checks_every_record_once(site, archived):
    system_id, segments = archived
    first = read_line(site.run("verify", "--read", "--json").expect(0))
    assert (first["objects"], first["damaged_objects"], first["remembered_segments"]) == (len(segments), 0, 0)
    assert first["skipped_records"] == 0
    assert first["system_id"] == str(system_id)
    assert first["bytes"] == sum(len(site.store.get(wal.object_name(system_id, name))) for name in segments)
    # Just as many as PostgreSQL's own reader finds.
    directory = site.scratch.directory("wal")
    for name in segments:
        site.run("fetch", name, directory / name, "--system-id", system_id).expect(0)
    dump = site.cluster("primary").program("pg_waldump", "-p", directory, segments[0], segments[-1]).stdout
    assert first["records"] == dump.count(b"rmgr:") > 5000

    time.sleep(1.1)  # what is stored within the second that a run begins in is read once more
    site.run("verify", "--read", "--json").expect(0)
    again = read_line(site.run("verify", "--read", "--json").expect(0))
    assert (again["objects"], again["remembered_segments"]) == (0, len(segments))
    text = site.run("verify", "--read").expect(0).out.decode()
    assert f"✓ read 0 objects, 0 B, 0 WAL records; {len(segments)} segments verified by earlier runs\n" in text
    time.sleep(2.1)
    young = read_line(site.run("verify", "--read", "--json", "--verify-again=30d").expect(0))
    assert young["objects"] == 0
    old = read_line(site.run("verify", "--read", "--json", "--verify-again=1s").expect(0))
    assert old["objects"] == len(segments)
    # Another key, another memory.
    host.USER.write(site.directory / "key-2", "ab" * 32 + "\n", 0o600)
    other = read_line(site.run("verify", "--read", "--json", "--cipher-key-file", site.walship.key_file,
                               "--cipher-key-file", site.directory / "key-2").expect(0))
    assert other["objects"] == len(segments)


def test_only_what_is_new_is_read(site):
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t as select generate_series(1, 20000) n")
        primary.archive_all()
        time.sleep(1.1)
        before = read_line(site.run("verify", "--read", "--json").expect(0))
        primary.sql("insert into t select generate_series(1, 20000)")
        primary.archive_all()
        after = read_line(site.run("verify", "--read", "--json").expect(0))
        # The one before the first new one is read again, for the record between them.
        new = len(site.store.list()) - before["objects"]
        assert new > 0 and after["objects"] == new + 1 and after["remembered_segments"] == before["objects"] - 1


@pytest.mark.heart
def test_a_flipped_bit_is_found(site, archived):
    system_id, segments = archived
    wrong = segments[len(segments) // 2]
    where = wal.object_name(system_id, wrong)
    content = bytearray(site.store.get(where))
    content[len(content) // 2] ^= 4
    site.store.put(where, bytes(content))
    site.run("verify").expect(0)
    for _ in range(2):  # what is damaged is never remembered
        result = site.run("verify", "--read", "--json").expect(4, "verify .*: 1 object is damaged", "another copy")
        assert list(damages(result)) == [where] and "not authentic: its HMAC-SHA-256" in damages(result)[where]
    shown = site.run("verify", "--read").out.decode()
    assert f"✗ {where}: not authentic" in shown and "1 damaged\n" in shown
    # The window that the names promise begins behind it now.
    number = segments.index(wrong)
    [cluster] = [line for line in lines(result) if line["kind"] == "cluster"]
    before, window = cluster["windows"]
    assert (before["first"], before["last"], before["at_gap"]) == (segments[0], segments[number - 1], True)
    assert window["first"] == segments[number + 1] and window["last"] == segments[-1] and window["newest"]
    stored = {each["name"]: each["stored_time"] for each in lines(site.run("list", "--json").expect(0))}
    assert window["first_stored_time"] == stored[window["first"]] and before["last_stored_time"] == stored[before["last"]]


def reseal(site, system_id, name, change):
    """The segment with another content, in an object that is well sealed."""
    where = wal.object_name(system_id, name)
    plain = bytearray(objects.open_object(site.store.get(where), where, site.walship.key))
    change(plain)
    site.store.put(where, objects.make_object(bytes(plain), where, site.walship.key))
    return where


def test_a_bad_record_in_a_well_sealed_object_is_found(site, archived):
    """pg_waldump and walship name the same record."""
    system_id, segments = archived
    name = segments[1]

    def flip(plain):
        plain[wal.MIB // 2 + 500] ^= 0x10
    where = reseal(site, system_id, name, flip)
    result = site.run("verify", "--read", "--json").expect(4, "1 object is damaged", "another copy")
    [(found, error)] = damages(result).items()
    assert found == where
    directory = site.scratch.directory("wal")
    for each in segments:
        site.run("fetch", each, directory / each, "--system-id", system_id).expect(0)
    theirs = host.run([host.PG_BIN / "pg_waldump", "-q", "-p", directory, segments[0], segments[-1]], check=False).stderr.decode()
    at = re.search(r"at ([0-9A-F]+/[0-9A-F]+): (.*)", error)
    assert at and at[1].split("/")[1].lstrip("0") in theirs, (error, theirs)


def test_a_bad_record_between_two_segments_is_found(site, archived):
    """Its first part is in one object and its last in the next: neither alone tells."""
    system_id, segments = archived

    def continues(name):
        where = wal.object_name(system_id, name)
        plain = objects.open_object(site.store.get(where), where, site.walship.key)
        return int.from_bytes(plain[2:4], "little") & 1 and int.from_bytes(plain[16:20], "little") > 64
    name = next(name for name in segments[1:] if continues(name))

    def flip(plain):
        plain[40 + 30] ^= 0x10  # behind the page header, and behind what may be the record's own header
    where = reseal(site, system_id, name, flip)
    result = site.run("verify", "--read", "--json").expect(4, "1 object is damaged", "another copy")
    assert list(damages(result)) == [where] and "the CRC of the WAL record does not match" in damages(result)[where]
    # Both are read again, as long as it is so.
    again = site.run("verify", "--read", "--json").expect(4, "1 object is damaged", "another copy")
    assert list(damages(again)) == [where]


def minimal_and_back(primary, order):
    """PostgreSQL starts with wal_level = minimal only without senders and archiving. Returns the segment of its WAL."""
    senders = primary.settings["max_wal_senders"]
    primary.stop()
    primary.configure(wal_level="minimal", max_wal_senders="0", archive_mode="off").start()
    primary.sql(order)
    here = primary.sql("select pg_walfile_name(pg_current_wal_lsn())")
    primary.stop()
    primary.configure(wal_level="replica", archive_mode="on")
    primary.settings["max_wal_senders"] = senders
    primary.start()
    return here


def test_minimal_wal_ends_a_window(dir_site):
    """No segment is missing, and PostgreSQL refuses the first record that says wal_level = minimal."""
    site = dir_site
    with site.primary("primary", "--wal-segsize=1") as primary:
        site.system_id = primary.system_id()
        primary.start()
        primary.sql("create table t (n int)")
        backup = primary.basebackup(site.cluster("backup"))
        primary.archive_all()
        here = minimal_and_back(primary, "insert into t select generate_series(1, 100)")
        primary.archive_all()
        later = primary.basebackup(site.cluster("later"))
        primary.sql("insert into t values (101)")
        primary.archive_all()

    site.run("verify").expect(0)
    read = site.run("verify", "--read").expect(6, "1 range of WAL written with wal_level = minimal", "make a new base backup")
    assert f"✗ {here}: written with wal_level = minimal, which recovery refuses" in read.out.decode()
    with site.restored(backup) as restored:
        restored.expect(r"FATAL:  WAL was generated with \"?wal_level=minimal", r"startup process .* exited with exit code 1")
        restored.start(wait=False)
        assert restored.wait_end() != 0
    with site.restored(later, "second") as restored:
        restored.start().wait_promoted()
        assert restored.sql("select count(*) from t") == "101"

    # The next run reads these segments again; the windows go around them.
    again = lines(site.run("verify", "--read", "--json").expect(6, ".", "."))[-1]
    assert [(gap["first"], gap["last"], gap["needed"]) for gap in again["minimal"]] == [(here, here, True)]
    number = int(here[16:], 16)
    assert [(w["last"], w["at_gap"]) for w in again["windows"]][0] == (name_of(number - 1), True)
    assert again["windows"][1]["first"] == name_of(number + 1) and again["gaps"] == [] and again["whole"]


def test_other_kinds_are_opened_too(site):
    """Segments of a promoted standby, whose first one begins as a copy; .history, .partial and .backup."""
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        backup = primary.basebackup(site.cluster("backup"), "-X", "stream")
        primary.sql("create table t as select generate_series(1, 30000) n")
        primary.archive_all()
    with site.restored(backup, "standby", "standby.signal") as standby:
        standby.start()
        standby.promote()
        standby.sql("insert into t select generate_series(1, 30000)")
        standby.archive_all()
    kinds = {line["kind"] for line in lines(site.run("list", "--json").expect(0))}
    assert kinds >= {"segment", "history", "backup"}
    line = read_line(site.run("verify", "--read", "--json").expect(0))
    assert line["objects"] == len(site.store.list()) and line["damaged_objects"] == 0
    where = next(name for name in site.store.list() if name.endswith(".backup"))
    site.store.put(where, objects.make_object(b"not a label", where, site.walship.key))
    result = site.run("verify", "--read", "--json").expect(4, "1 object is damaged", "another copy")
    assert list(damages(result)) == [where]


def test_a_key_that_is_lacking_is_told_once(site):
    """However many objects need it: they may all be whole."""
    for number in (3, 4):
        store_wal(site, name_of(number), wal.switched(site.system_id, name_of(number), SIZE))
    ids = {}
    for key, numbers in ((b"1" * 32, range(5, 25)), (b"2" * 32, range(25, 28))):
        for number in numbers:
            where = wal.object_name(site.system_id, name_of(number))
            made = objects.make_object(wal.segment(site.system_id, name_of(number), SIZE), where, key)
            site.store.put(where, made)
            ids[made[16:32].hex()] = len(numbers)
    result = site.run("verify", "--read").expect(4, "verify .*: 23 objects need a key that is not configured", "key list")
    text = result.out.decode()
    assert "damaged" not in text + result.err
    for key_id, count in ids.items():
        assert f"✗ {count} objects are encrypted with the key of id {key_id}, which is not configured\n" in text
        [first] = re.findall(f"^✗ (\\S+): encrypted with key id {key_id}, which is not configured; other objects of this key are only counted$", text, re.M)
    assert len(text.splitlines()) == 7 and "; 23 not opened: the key is not configured\n" in text
    result = site.run("verify", "--read", "--json").expect(4, "need a key", "key list")
    found = [line for line in lines(result) if line["kind"] == "locked"]
    assert {line["key_id"]: line["objects"] for line in found} == ids and len(damages(result)) == 0
    assert all(line["first"] in site.store.list() for line in found)
    read = read_line(result)
    assert (read["objects"] + read["remembered_segments"], read["damaged_objects"], read["locked_objects"]) == (25, 0, 23)
    assert [line for line in lines(result) if line["kind"] == "cluster"][0]["windows"][-1]["last"] == name_of(4)
    # And what no key opens beside them has its own advice.
    where = wal.object_name(site.system_id, name_of(3))
    content = site.store.get(where)
    site.store.put(where, content[:-1] + bytes([content[-1] ^ 1]))
    result = site.run("verify", "--read").expect(4, "1 object is damaged or unreadable; 23 need a key that is not configured", "add the key")
    assert list(damages(site.run("verify", "--read", "--json"))) == [where]


def test_a_history_of_a_lacking_key(site):
    store_segments(site, [3])
    where = wal.object_name(site.system_id, "00000002.history")
    site.store.put(where, objects.make_object(b"1\t0/400000\tx\n", where, b"1" * 32))
    site.run("verify").expect(4, "1 object needs a key that is not configured", "key list")


def test_one_that_cannot_be_read_does_not_end_it(dir_site):
    """It is named, all others are read and remembered, and nothing is said to be recoverable through it."""
    site = dir_site
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t as select generate_series(1, 100000) n")
        last = primary.archive_all()
        path = site.store.path / wal.object_name(primary.system_id(), last)
    time.sleep(1.1)
    path.chmod(0)
    result = site.run("verify", "--read").expect(5, "walship could not open 1 object$", "correct owner and mode")
    assert "1 not opened: this machine cannot read them" in result.out.decode() and " damaged" not in result.out.decode()
    assert f"open file://{path}: Permission denied" in result.out.decode()
    path.chmod(0o640)
    rest = read_line(site.run("verify", "--read", "--json").expect(0))
    assert rest["remembered_segments"] > 0 and 0 < rest["objects"] < len(site.store.list())


def test_a_machine_that_can_read_nothing_ends_it(dir_site):
    """That all is damaged is not said when it is this user, or this machine, that cannot read."""
    site = dir_site
    with site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t as select generate_series(1, 400000) n")
        primary.archive_all()
        first, *others = sorted(path for path in (site.store.path / str(primary.system_id())).rglob("*") if path.is_file())
    assert len(others) > 20
    for path in others:
        path.chmod(0)
    result = site.run("verify", "--read").expect(5, "Permission denied", ".")
    assert result.out.decode().count("✗") < 20
    for path in others:
        path.chmod(0o640)
    site.run("verify", "--read").expect(0)


def test_notes_may_lie_elsewhere(dir_site):
    notes = dir_site.scratch.directory("notes")
    notes.chmod(0o700)
    with dir_site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.archive_all()
        system_id = primary.system_id()
    dir_site.run("verify", "--read", "--verify-notes", notes).expect(0)
    assert sorted(path.name for path in notes.iterdir()) == [f"commit-times-{system_id}", f"verified-{system_id}"]
    assert not list((dir_site.directory / "spool").glob("verified-*"))
    notes.chmod(0o777)
    dir_site.run("verify", "--read", "--verify-notes", notes).expect(5, "is not a directory of user", "mode 0700")


def test_a_terminal_sees_how_long_it_will_take(s3_site):
    with s3_site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t as select generate_series(1, 30000) n")
        primary.archive_all()
    s3_site.store.proxy.delay(0.15)
    master, slave = pty.openpty()
    try:
        running = s3_site.walship.popen("verify", "--read", stderr=slave)
        assert b"read" in running.communicate(timeout=60)[0]
        shown = all_shown(master)
        assert re.search(r"\r\[[#.]{24}\] +\d+ %, \d+ of \d+ objects, [0-9.]+ \w+ of [0-9.]+ \w+, \d+:\d\d:\d\d left", shown), shown
        assert shown.endswith("\r\x1b[K")
    finally:
        os.close(slave)
        os.close(master)


def peak_mib(running):
    """The most memory of a process until its end. (ru_maxrss would also count this interpreter, before exec.)"""
    peak = 0
    while running.poll() is None:
        status = Path(f"/proc/{running.pid}/status").read_text()
        found = re.search(r"^Name:\twalship$.*^VmHWM:\s+(\d+) kB", status, re.M | re.S)
        peak = max(peak, int(found[1]) if found else 0)
        time.sleep(0.02)
    return peak / 1024


def test_how_many_cannot_be_opened_is_said_in_the_end(dir_site):
    """There may be a million such: the first are named."""
    site = dir_site
    store_segments(site, range(1, 3))
    for number in range(3, 103):
        (site.store.path / wal.object_name(site.system_id, name_of(number))).write_bytes(b"")
    done = site.run("verify")
    assert done.code == 4 and done.err.count("cut off: 0 bytes") == 64 and "36 other objects cannot be opened either" in done.err
    assert "100 objects are damaged" in done.err


def test_a_million_names(dir_site):
    """By name alone, with flat memory: as many as a year of a busy server, a gap among them."""
    site = dir_site
    first, count, gap = 0, extent.rounds(1_000_000, 40_000), 34_567
    directories = {}
    store_segments(site, [first])
    source = site.store.path / wal.object_name(site.system_id, name_of(first))
    links = 0
    for number in range(first + 1, first + count + 1):
        if number == gap:
            continue
        path = site.store.path / wal.object_name(site.system_id, name_of(number))
        if path.parent not in directories:
            path.parent.mkdir(exist_ok=True)
            directories[path.parent] = True
        if links == 60000:  # a file system has a most for one file
            (path.parent / "x").write_bytes(source.read_bytes())
            (path.parent / "x").rename(path)
            source, links = path, 0
            continue
        os.link(source, path)
        links += 1
    for command in (["list"], ["info", "--json"], ["verify", "--json"]):
        began = time.monotonic()
        with open(site.directory / "out", "wb") as out:
            running = site.walship.popen(*command, stdout=out)
            peak = peak_mib(running)
        took = time.monotonic() - began
        print(f"walship {command[0]} of {count} names: {took:.1f} s, {peak:.1f} MiB at most")
        assert running.returncode == (6 if command[0] == "verify" else 0)
        assert 1 < peak < 30
        if command[0] == "list":
            assert sum(1 for _ in open(site.directory / "out", "rb")) == count
    [cluster] = [json.loads(line) for line in open(site.directory / "out", "rb")]
    assert cluster["gaps"] == [{"timeline": 1, "first": name_of(gap), "last": name_of(gap), "segments": 1, "needed": True}]
    assert cluster["timelines"][0]["segments"] == count
