"""walship backfill: what pg_wal still has and the repository lacks is pushed, and nothing that the server may still write to."""

import json
import re
import shutil
import signal

import pytest

from harness import backlog, host, strict_s3, wal
from test_standby import LOST_PRIMARY

SMALL = {"min_wal_size": "8MB", "max_wal_size": "8MB", "wal_keep_size": "0"}
HOPELESS = "false"  # an archive_command that archives nothing


def archive_by(cluster, command):
    """From now on, and after a restart."""
    cluster.configure(archive_command=command)
    cluster.sql(f"alter system set archive_command = '{command}'")
    cluster.sql("select pg_reload_conf()")
    host.wait_for(lambda: cluster.sql("show archive_command") == command, "archive_command is reloaded")


def rows_of(cluster, count=3000):
    cluster.sql(f"insert into t select g, md5(g::text) from generate_series(1, {count}) g")


def started(site):
    """A primary of 1 MB segments that archives."""
    cluster = site.primary("primary", "--wal-segsize=1").expect("archive command failed")
    cluster.start()
    cluster.sql("create table t (n int, v text)")
    return cluster


def fill(cluster, segments):
    """Some finished segments; returns the name of the one that is being written."""
    for _ in range(segments):
        rows_of(cluster, 500)
        cluster.switch()
    rows_of(cluster, 100)
    return current(cluster)


def current(cluster):
    return cluster.sql("select pg_walfile_name(pg_current_wal_lsn())")


def wipe_status(cluster):
    for path in (cluster.data / "pg_wal/archive_status").iterdir():
        path.unlink()


def segments_of(cluster, last):
    """Names in pg_wal before the one that is being written."""
    return sorted(path.name for path in (cluster.data / "pg_wal").iterdir() if re.fullmatch("[0-9A-F]{24}", path.name) and path.name < last)


def stored(site):
    return {name.rsplit("/", 1)[1] for name in site.store.list()}


def assert_same(site, cluster, name):
    done = site.run("cat", name, "--pg-data", cluster.data).expect(0)
    assert done.out == (cluster.data / "pg_wal" / name).read_bytes(), name


def backfill(site, cluster, *args, code=0, error=None, hint=None):
    done = site.run("backfill", "--pg-data", cluster.data, *args)
    print(done.out.decode())
    return done.expect(code, error, hint).out.decode()


def pushed(out):
    return re.findall(r"^✓ (\S+)  pushed$", out, re.M)


@pytest.mark.parametrize("running", [True, False], ids=["running", "crashed"])
def test_archive_status_is_lost(site, running):
    """Every finished segment, with the server up or down; then the archiver goes on, and a restored copy has it all."""
    with started(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        primary.archive_all()
        archive_by(primary, HOPELESS)
        last = fill(primary, 12)
        if not running:
            primary.stop(signal.SIGQUIT)
        wipe_status(primary)
        wanted = set(segments_of(primary, last)) - stored(site)
        assert len(wanted) >= 12
        lacking = backfill(site, primary, "--dry-run")
        assert set(re.findall(r"^○ (\S+)  lacking$", lacking, re.M)) == wanted and not stored(site) & wanted
        assert set(pushed(backfill(site, primary))) == wanted
        for name in wanted:
            assert_same(site, primary, name)
        assert last not in stored(site)
        assert not pushed(backfill(site, primary))
        if not running:
            primary.start()
        rows_of(primary)
        archive_by(primary, site.walship.command("push", "%p"))
        primary.archive_all()
        rows = primary.rows()
        with site.restored(backup) as restored:
            restored.start(timeout=120)
            restored.wait_promoted()
            assert restored.rows() == rows


def test_a_promoted_standby(site):
    """What it received from a primary that could not archive any more, it has as .done: nobody would ever archive it."""
    with started(site) as primary:
        backup = primary.basebackup(site.cluster("backup"))
        primary.archive_all()
        with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string()) as standby:
            standby.expect(*LOST_PRIMARY).start()
            archive_by(primary, HOPELESS)
            last = fill(primary, 12)
            host.wait_for(lambda: standby.sql("select count(*) from t") == primary.sql("select count(*) from t"), "the standby has it all")
            rows = primary.rows()
            primary.stop(signal.SIGQUIT)
            standby.promote()
            standby.archive_all()
            assert standby.rows() == rows
            wanted = set(segments_of(standby, last)) - stored(site)
            assert len(wanted) >= 12
            assert set(pushed(backfill(site, standby))) == wanted
            for name in wanted:
                assert_same(site, standby, name)
            rows_of(standby)
            standby.archive_all()
            rows = standby.rows()
            # From a backup of before, through the segments that were nearly lost, to the new timeline.
            with site.restored(backup, "restored") as restored:
                restored.start(timeout=120)
                restored.wait_promoted()
                assert restored.rows() == rows


def test_recycled_segments_are_not_offered(dir_site):
    with dir_site.primary("primary", "--wal-segsize=1", **SMALL) as primary:
        primary.start()
        primary.sql("create table t (n int, v text)")
        for _ in range(3):
            fill(primary, 6)
            primary.wait_archived()
            primary.sql("checkpoint")
        last = current(primary)
        ahead = [path.name for path in (primary.data / "pg_wal").iterdir() if len(path.name) == 24 and path.name > last]
        assert ahead
        before = stored(dir_site)
        wipe_status(primary)
        out = backfill(dir_site, primary)
        assert not pushed(out) and stored(dir_site) == before
        assert int(re.search(r"(\d+) still to be written$", out, re.M)[1]) == len(ahead) + 1


def test_one_that_fails_does_not_keep_the_others(dir_site):
    """One name is taken by something else, one was copied while it was written."""
    with started(dir_site) as primary:
        primary.archive_all()
        archive_by(primary, HOPELESS)
        last = fill(primary, 12)
        primary.stop(signal.SIGQUIT)
        wipe_status(primary)
        names = sorted(set(segments_of(primary, last)) - stored(dir_site))
        # The repository's own copy of this name is of another life of the cluster.
        taken, half = names[3], names[5]
        other = wal.segment(primary.system_id(), taken, wal.MIB)
        dir_site.run("push", dir_site.file(taken, other)).expect(0)
        content = (primary.data / "pg_wal" / half).read_bytes()
        host.USER.write(primary.data / "pg_wal" / half, content[:8192 * 2 + 100] + bytes(len(content) - 8192 * 2 - 100), 0o600)
        host.USER.write(primary.data / "pg_wal/archive_status" / f"{taken}.ready", b"", 0o600)
        out = backfill(dir_site, primary, code=4, error=r"1 of \d+ files could not be pushed")
        assert re.search(rf"^✗ {half}  not all of it was written here: at 0/[0-9A-F]+: .*\n  hint: it was copied while", out, re.M)
        # The name is taken, so that nothing lacks it: that it is another one is verify's to find.
        assert set(names) - {half, taken} <= set(pushed(out)) and half not in stored(dir_site)
        lines = [json.loads(line) for line in backfill(dir_site, primary, "--json", code=4, error="1 of 1 files").splitlines()]
        assert lines[0] == {"kind": "file", "name": half, "result": "failed", "bytes": wal.MIB, "error": lines[0]["error"], "hint": lines[0]["hint"]}
        assert {key: lines[1][key] for key in ("kind", "pushed_files", "failed_files", "untried_files")} == {
            "kind": "total", "pushed_files": 0, "failed_files": 1, "untried_files": 0}
        assert lines[1]["stored_files"] == lines[1]["finished_files"] - 1 >= len(names) - 1


def test_without_permission_to_list(scratch, program, control_file):
    """What is missing cannot be told from what is forbidden: everything is pushed, or compared."""
    with strict_s3.StrictS3(list_permission=False) as server:
        made = backlog.on_strict(scratch, program, server, control_file[0], push_timeout="5s", push_ahead="0")
        host.USER.write(host.USER.mkdir(made.data / "global", 0o700) / "pg_control", control_file[1], 0o600)
        names = made.add_segments(10)
        made.add("00000002.history", wal.history())
        made.call(names[4])
        made.ready(names[4])
        made.walship.run("backfill", "--dry-run", cwd=made.data).expect(0)
        done = made.walship.run("backfill", cwd=made.data)
        print(done.out.decode())
        done.expect(0)
        assert sorted(pushed(done.out.decode())) == sorted([*names, "00000002.history"])
        for name in [*names, "00000002.history"]:
            made.check(name)
        # Something else of this name is seen.
        made.add(names[2], wal.segment(made.system_id, names[2], wal.MIB, seed=7))
        done = made.walship.run("backfill", cwd=made.data).expect(4, r"1 of \d+ files")
        assert re.search(rf"^✗ {names[2]}  push {names[2]}: the archive has another file of this name", done.out.decode(), re.M)


def test_many_side_by_side(scratch, program, control_file):
    """As many connections as push-ahead has, and each object once."""
    with strict_s3.StrictS3() as server:
        made = backlog.on_strict(scratch, program, server, control_file[0])
        host.USER.write(host.USER.mkdir(made.data / "global", 0o700) / "pg_control", control_file[1], 0o600)
        names = made.add_segments(40)
        done = made.walship.run("backfill", cwd=made.data).expect(0)
        assert sorted(pushed(done.out.decode())) == names and "40 pushed, 0 failed" in done.out.decode()
        puts = [request.key for request in server.requests if request.method == "PUT"]
        assert len(puts) == len(set(puts)) == 40
        for name in names:
            made.check(name)
        # PostgreSQL's own calls come later, and find them.
        made.drain()


def test_a_store_that_is_away(site, control_file, scratch):
    data = scratch.folder("data")
    made = backlog.Backlog(data, site.walship, site.store, control_file[0])
    host.USER.write(host.USER.mkdir(data / "global", 0o700) / "pg_control", control_file[1], 0o600)
    made.add_segments(3)
    site.walship.configure(push_timeout="2s")
    site.store.go_away()
    done = site.run("backfill", cwd=data).expect(3, "walship: backfill: ", ".")
    assert done.out == b""
    site.store.come_back()
    site.run("backfill", cwd=data).expect(0)


def test_where_it_cannot_be_run(dir_site, data_dir):
    dir_site.run("backfill").expect(2, "no data directory is at hand", "--pg-data")
    dir_site.run("backfill", "--pg-data", data_dir, "--system-id", "1").expect(2, "system-id is 1, but", "leave system-id out")
    out = dir_site.run("backfill", "--pg-data", data_dir).expect(0).out.decode()
    assert out.startswith("0 finished files")
    shutil.rmtree(data_dir / "pg_wal")
    dir_site.run("backfill", "--pg-data", data_dir).expect(5, "pg_wal: No such file")
