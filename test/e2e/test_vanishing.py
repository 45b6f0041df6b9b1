"""What a lifecycle rule, or somebody, removes between the listing and the reading is gone, and no reason to stop; what it archives is told."""

import json

import pytest

from harness import postgres, strict_s3, wal
from harness.backlog import on_strict

SYSTEM_ID = 7601921254259666965
HISTORY = b"1\t0/400000\tno recovery target specified\n"


@pytest.fixture
def stored(scratch, program):
    """(server, backlog): segments 1 to 3 of timeline 1, its child's history and segments 4 and 5, in the strict server."""
    with strict_s3.StrictS3() as server:
        backlog = on_strict(scratch, program, server)
        backlog.add_segments(3)
        backlog.add("00000002.history", HISTORY)
        backlog.add_segments(2, first=4, timeline=2)
        backlog.walship.configure(system_id=SYSTEM_ID)
        backlog.drain()
        yield server, backlog


def remove_when_read(server, *keys):
    """Each object is there while it is listed, and gone when it is asked for."""
    def remove(request):
        if request.method == "GET" and request.key in keys:
            server.bucket.path(request.key).unlink(missing_ok=True)
    server.faults = remove


def name_of(number, timeline=1):
    return wal.segment_name(timeline, number, wal.MIB)


def key_of(backlog, name):
    return f"pre/{backlog.object(name)}"


def lines(done):
    return [json.loads(line) for line in done.out.decode().splitlines()]


@pytest.mark.parametrize("command", ["info", "verify"])
def test_a_segment_that_was_to_tell_the_size(stored, command):
    """The next one tells it, and is the first."""
    server, backlog = stored
    remove_when_read(server, key_of(backlog, name_of(1)))
    [cluster] = lines(backlog.walship.run(command, "--json").expect(0))
    assert cluster["segment_bytes"] == wal.MIB and cluster["objects"] == 5
    assert (cluster["timelines"][0]["first"], cluster["timelines"][0]["segments"]) == (name_of(2), 2)


def test_all_segments_of_a_cluster(stored):
    """What is left of it is nothing."""
    server, backlog = stored
    remove_when_read(server, *server.bucket.keys())
    assert backlog.walship.run("info").expect(0).out == b""
    for name in server.bucket.keys():
        server.bucket.path(name).unlink()
    backlog.walship.run("verify").expect(6, "the repository holds no WAL", r".")


def test_a_history(stored):
    """It is missing, as when it is not listed any more."""
    server, backlog = stored
    remove_when_read(server, key_of(backlog, "00000002.history"))
    while_it_goes = backlog.walship.run("verify", "--json").expect(6, "1 timeline history is missing", "push")
    server.faults = []
    once_gone = backlog.walship.run("verify", "--json").expect(6, "1 timeline history is missing", "push")
    assert lines(while_it_goes) == lines(once_gone)


def test_key_list_leaves_it_out(stored):
    server, backlog = stored
    remove_when_read(server, key_of(backlog, name_of(1)), key_of(backlog, "00000002.history"))
    [key] = lines(backlog.walship.run("key", "list", "--json").expect(0))
    assert key["objects"] == 4


def test_key_rotate_opens_the_next_newest(stored):
    """Of objects of one second the last by name: that of timeline 2."""
    server, backlog = stored
    gone = key_of(backlog, name_of(5, timeline=2))
    for key in server.bucket.keys():
        server.bucket.touch(key, 1_000_000_000 + (key == gone))
    remove_when_read(server, gone)
    shown = backlog.walship.run("key", "rotate", backlog.walship.directory / "key-2").expect(0).out.decode()
    assert f"the present keys open the newest object, {backlog.object(name_of(4, timeline=2))}\n" in shown


def test_key_rotate_gives_up_where_all_goes(stored):
    server, backlog = stored
    remove_when_read(server, *server.bucket.keys())
    new = backlog.walship.directory / "key-2"
    backlog.walship.run("key", "rotate", new).expect(3, "the newest object, .*, cannot be opened: get .*: no such object", "no key is changed")
    assert not new.exists()


def test_no_window_goes_through_what_went_while_all_was_read(scratch, program):
    with strict_s3.StrictS3() as server:
        made = on_strict(scratch, program, server).walship
        with postgres.Cluster(made.directory, "primary", made.secrets).initdb("--wal-segsize=1") as primary:
            primary.configure(archive_command=made.command("push", "%p")).start()
            primary.sql("create table t as select generate_series(1, 100000) n")
            primary.archive_all()
        segments = sorted(key for key in server.bucket.keys() if len(key.rsplit("/", 1)[1]) == 24)
        gone, behind = segments[1], segments[2].rsplit("/", 1)[1]
        remove_when_read(server, gone)
        shown = lines(made.run("verify", "--read", "--json").expect(0))
        [read] = [line for line in shown if line["kind"] == "read"]
        [cluster] = [line for line in shown if line["kind"] == "cluster"]
        assert (read["objects"], read["removed_objects"], read["damaged_objects"]) == (len(segments) - 1, 1, 0)
        assert [window["first"] for window in cluster["windows"]] == [segments[0].rsplit("/", 1)[1], behind]
        made.run("verify", "--read").expect(6, "1 segment is missing", "backfill")


def test_how_many_went_is_said(stored):
    server, backlog = stored
    remove_when_read(server, key_of(backlog, name_of(2)), key_of(backlog, name_of(3)))
    shown = backlog.walship.run("verify", "--read").out.decode()
    assert "; 2 removed meanwhile: the next run shows what is missing" in shown


def test_a_window_names_what_must_be_restored(stored):
    server, backlog = stored
    server.bucket.archived.update(key_of(backlog, name_of(number)) for number in (1, 2))
    [cluster] = lines(backlog.walship.run("verify", "--json").expect(0))
    assert [(window["first"], window["archived_last"]) for window in cluster["windows"]] == [(name_of(1), name_of(2))]
    shown = backlog.walship.run("verify").expect(0).out.decode()
    assert f"; first restore the segments in an archive storage class, up to {name_of(2)}\n" in shown
    server.bucket.archived.clear()
    assert "archive storage class" not in backlog.walship.run("verify").expect(0).out.decode()
