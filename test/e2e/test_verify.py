"""What is in the repository, what is missing from it, and what can still be recovered: list, info, verify."""

import calendar
import json
import os
import pty
import re
import signal
import time

import pytest

from harness import objects, wal

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
                                    "name": None, "stored": known["other/thing"]["stored"]}
    assert known[f"{site.system_id}/wal/00000002.history"]["kind"] == "history"
    below = lines(site.run("list", "--json", f"{site.system_id}/wal/00000002").expect(0))
    assert [line["name"] for line in below] == ["00000002.history"]
    assert site.run("list", "nothing").expect(0).out == b""


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
    assert one["oldest"] <= one["newest"] and abs(time.time() - timestamp(one["newest"])) < 300
    assert second["missing"] == [{"timeline": 1, "first": name_of(5), "last": name_of(6), "segments": 2, "needed": True}]

    [alone] = lines(site.run("info", "--json", site.system_id).expect(0))
    assert alone == second
    text = site.run("info", site.system_id).expect(0).out.decode()
    assert f"timeline 1: 3 segments, {name_of(3)} to {name_of(7)}" in text
    assert f"timeline 2, from 1 at 0/800060: 2 segments, {name_of(8, 2)} to {name_of(9, 2)}" in text
    assert ", 1 .backup, 2 missing" in text
    site.run("info", "12x").expect(2, "not a system identifier", "pg_controldata")


def timestamp(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_verify_names_each_missing_range(site):
    store_segments(site, [3, 4])
    site.run("verify").expect(0)
    store_segments(site, [10, 12])
    result = site.run("verify").expect(6, r"verify .*: 6 segments are missing, in 2 ranges", "backfill")
    text = result.out.decode()
    assert f"✗ {name_of(5)} to {name_of(9)} are missing, 5 segments\n" in text
    assert f"✗ {name_of(11)} is missing\n" in text
    assert "✓ timeline 1 can be recovered from 0/C00000 " in text and " to 0/D00000 " in text
    [cluster] = lines(site.run("verify", "--json").expect(6, "missing", "backfill"))
    assert cluster["missing"] == [
        {"timeline": 1, "first": name_of(5), "last": name_of(9), "segments": 5, "needed": True},
        {"timeline": 1, "first": name_of(11), "last": name_of(11), "segments": 1, "needed": True}]
    assert cluster["whole"] is False and cluster["missing_segments"] == 6
    [window] = cluster["windows"]
    assert (window["begin_lsn"], window["end_lsn"], window["first"]) == ("0/C00000", "0/D00000", name_of(12))


def test_verify_of_nothing_and_without_a_store(site):
    site.run("verify").expect(6, "there is no WAL in it", "archive_command")
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
    assert result.code == 4 and f"warning: {where}: not authentic" in result.err and "1 object cannot be opened" in result.err
    site.store.delete(where)
    result = site.run("verify").expect(6, "1 timeline history is missing", "push")
    assert "✗ 00000002.history is missing: where timeline 2 comes from is not known" in result.out.decode()


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
        assert cluster["missing"] == [{"timeline": timeline, "first": name, "last": name, "segments": 1, "needed": True}]
        assert cluster["windows"][0]["first"].startswith("00000002")
        site.store.put(where, kept)
    site.run("verify").expect(0)


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
        shown = os.read(master, 10000).decode()
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
    folder = dir_site.store.path / str(dir_site.system_id) / "wal" / "0000000100000000"
    store_segments(dir_site, [0])
    for number in range(1, 4000):
        os.link(folder / name_of(0), folder / name_of(number))
    dir_site.walship.configure(fetch_timeout="1s")
    running = dir_site.walship.popen("list")
    time.sleep(8)  # the timeout, and the grace of the timer behind it
    assert running.poll() is None
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, b"")
    assert len(out.splitlines()) == 4000
