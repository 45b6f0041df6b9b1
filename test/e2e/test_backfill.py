"""walship backfill: what pg_wal still has and the repository lacks is pushed, and nothing that the server may still write to."""

import json
import re
import resource
import shutil
import signal
from dataclasses import dataclass

import pytest

from harness import backlog, host, postgres, strict_s3, wal, walship
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


def backfill_in(made, code=0, error=None):
    done = made.walship.run("backfill", cwd=made.data)
    print(done.out.decode())
    return done.expect(code, error).out.decode()


def pushed(out):
    return re.findall(r"^✓ (\S+)  pushed$", out, re.M)


@dataclass
class Written:
    """What a server wrote: its cluster, and finished segments. Those of ended were switched, so that nothing is behind their records."""
    system_id: int
    control: bytes
    content: dict[str, bytes]
    ended: list[str]

    def names(self, count):
        return sorted(self.content)[:count]

    def into(self, data):
        """A data directory as far as backfill looks at one."""
        host.USER.write(host.USER.mkdir(data / "global", 0o700) / "pg_control", self.control, 0o600)

    def add(self, made, count):
        """The first segments, each with its .ready."""
        for name in self.names(count):
            made.add(name, self.content[name])
        return self.names(count)


@pytest.fixture(scope="session")
def written(scratch):
    with postgres.Cluster(scratch.directory(), "written").initdb("--wal-segsize=1") as cluster:
        cluster.configure(archive_mode="off").start()
        cluster.sql("create table t (n int, v text)")
        ended = []
        while len(segments_of(cluster, current(cluster))) < 40:
            rows_of(cluster, 30000)
            ended.append(current(cluster))
            cluster.switch()
        content = {name: (cluster.data / "pg_wal" / name).read_bytes() for name in segments_of(cluster, current(cluster))}
        return Written(cluster.system_id(), (cluster.data / "global/pg_control").read_bytes(), content, ended)


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
        with site.restored(backup, "standby", "standby.signal", primary_conninfo=primary.connection_string(),
                           wal_keep_size="1GB") as standby:  # else the checkpoint behind the promotion removes what is compared
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
        assert re.search(rf"^✗ {half}  the segment is incomplete: at 0/[0-9A-F]+: .*\n  hint: it was copied while", out, re.M)
        # The name is taken, so that nothing lacks it: that it is another one is verify's to find.
        assert set(names) - {half, taken} <= set(pushed(out)) and half not in stored(dir_site)
        lines = [json.loads(line) for line in backfill(dir_site, primary, "--json", code=4, error="1 of 1 files").splitlines()]
        assert lines[0] == {"kind": "file", "name": half, "result": "failed", "bytes": wal.MIB, "error": lines[0]["error"], "hint": lines[0]["hint"]}
        assert {key: lines[1][key] for key in ("kind", "pushed_files", "failed_files", "untried_files")} == {
            "kind": "total", "pushed_files": 0, "failed_files": 1, "untried_files": 0}
        assert lines[1]["stored_files"] == lines[1]["finished_files"] - 1 >= len(names) - 1


def half_of(content):
    return content[:len(content) // 2] + bytes(len(content) - len(content) // 2)


OPENED = 3  # times that backfill opens a file: for its first page, to push it, and for its records


DAMAGES = {
    "zeros behind": lambda content, older: (half_of(content), "the segment is incomplete: at 0/"),
    "pages of an older use behind": lambda content, older: (content[:5 * wal.PAGE] + older[5 * wal.PAGE:], "the page has a different address"),
    "a piece that was not written": lambda content, older: (content[:9 * wal.PAGE + 4096] + bytes(4096) + content[10 * wal.PAGE:], "the segment is incomplete: at 0/"),
    "nothing": lambda content, older: (bytes(len(content)), "does not begin with a WAL page header"),
    "an older use": lambda content, older: (older, "but the name says"),
    "the header alone": lambda content, older: (content[:40] + bytes(len(content) - 40), "the WAL records end before the segment ends, without"),
}


def test_ready_is_no_proof(dir_site, scratch, written):
    """In a copied directory, or after a crash, .ready may be beside what is half there. What is right is pushed, and so is the rest once it is."""
    data = scratch.directory("data")
    made = backlog.Backlog(data, dir_site.walship, dir_site.store, written.system_id)
    written.into(data)
    names = written.add(made, 20)
    broken = dict(zip((name for name in names[2:] if name not in written.ended), DAMAGES))
    assert len(broken) == len(DAMAGES)
    texts = {}
    for name, damage in broken.items():
        content, texts[name] = DAMAGES[damage](written.content[name], written.content[names[0]])
        host.USER.write(made.wal / name, content, 0o600)
    out = backfill_in(made, code=4, error=rf"{len(broken)} of 20 files")
    assert sorted(pushed(out)) == sorted(set(names) - set(broken))
    for name, text in texts.items():
        assert re.search(rf"^✗ {name}  .*{re.escape(text)}", out, re.M), broken[name]
        host.USER.write(made.wal / name, written.content[name], 0o600)
    assert sorted(pushed(backfill_in(made))) == sorted(broken)
    for name in names:
        made.check(name)


@pytest.mark.parametrize("opened", [1, 2, 3, 4, 5])
def test_what_was_checked_is_what_is_pushed(dir_site, scratch, written, opened):
    """Another file gets the name between two looks, half written: it is found at whichever of them, or not looked at any more."""
    library = walship.binary().parent / "test/harness/preload/libswap.so"
    if not library.exists():
        pytest.skip("not with sanitizers")
    data = scratch.directory("data")
    made = backlog.Backlog(data, dir_site.walship, dir_site.store, written.system_id)
    written.into(data)
    name = next(name for name in sorted(written.content) if name not in written.ended)
    made.add(name, written.content[name])
    preload = shutil.copy(library, scratch.directory("lib"))  # where the tests' user can read it
    half = host.USER.write(made.wal / "half", half_of(written.content[name]), 0o600)
    done = made.walship.run("backfill", cwd=data, env={
        "LD_PRELOAD": str(preload), "SWAP_PATH": f"pg_wal/{name}", "SWAP_WITH": str(half), "SWAP_AT": str(opened)})
    if half.exists():
        done.expect(0)
        made.check(name)
    else:
        done.expect(4, "1 of 1 files")
        assert not stored(dir_site), done.out.decode()
    assert half.exists() == (opened > OPENED), done.out.decode()


def test_a_newer_release_is_not_judged(dir_site, scratch, written):
    """What its pages have that is not known here may be right: with .ready it is pushed, with a warning."""
    data = scratch.directory("data")
    made = backlog.Backlog(data, dir_site.walship, dir_site.store, written.system_id)
    written.into(data)
    name = written.add(made, 1)[0]
    content = bytearray(half_of(written.content[name]))
    for page in range(0, len(content) // 2, wal.PAGE):
        content[page:page + 2] = (0xD119).to_bytes(2, "little")
    made.add(name, bytes(content))
    out = made.walship.run("backfill", cwd=made.data).expect(0, rf"warning: {name} is pushed unchecked: .* newer PostgreSQL: the segment is incomplete")
    assert pushed(out.out.decode()) == [name]
    made.check(name)


def test_a_standby_that_archives_through_a_promotion(dir_site):
    """archive_mode = always: what it received of the old timeline gets its .ready, though nothing is behind the switch point."""
    with started(dir_site) as primary:
        backup = primary.basebackup(dir_site.cluster("backup"))
        primary.archive_all()
        with dir_site.restored(backup, "first", "standby.signal", primary_conninfo=primary.connection_string()) as first:
            first.expect(*LOST_PRIMARY).start()
            with dir_site.restored(backup, "second", "standby.signal", primary_conninfo=first.connection_string(),
                                   archive_mode="always") as second:
                second.configure(archive_command=HOPELESS, restore_command=HOPELESS).expect(*LOST_PRIMARY, "archive command failed").start()
                last = fill(primary, 3)
                host.wait_for(lambda: second.in_recovery() and second.sql("select count(*) from t") == primary.sql("select count(*) from t"), "both have it all")
                primary.stop(signal.SIGQUIT)
                first.promote()
                rows_of(first)
                first.switch()
                status = second.data / "pg_wal/archive_status" / f"{last}.ready"
                host.wait_for(status.exists, "the segment of the switch is to be archived")
                assert (second.data / "pg_wal" / last).read_bytes()[-wal.MIB // 4:] == bytes(wal.MIB // 4)
                assert last in pushed(backfill(dir_site, second))
                assert_same(dir_site, second, last)


def test_without_permission_to_list(scratch, program, written):
    """What is missing cannot be told from what is forbidden: everything is pushed, or compared."""
    with strict_s3.StrictS3(list_permission=False) as server:
        made = backlog.on_strict(scratch, program, server, written.system_id, push_timeout="5s", push_ahead="0")
        written.into(made.data)
        names = written.add(made, 10)
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
        # Something else of this name is seen, though all that recovery reads is the same.
        other = next(name for name in names if name in written.ended)
        made.add(other, made.content[other][:-1] + b"x")
        done = made.walship.run("backfill", cwd=made.data).expect(4, r"1 of \d+ files")
        assert re.search(rf"^✗ {other}  push {other}: the archive has a different file with this name", done.out.decode(), re.M)


def test_many_side_by_side(scratch, program, written):
    """As many connections as push-ahead has, and each object once; a line of the log names its own file."""
    with strict_s3.StrictS3() as server:
        made = backlog.on_strict(scratch, program, server, written.system_id)
        written.into(made.data)
        names = written.add(made, 40)
        log = scratch.directory("log") / "walship.log"
        made.walship.configure(log_to=str(log), log_format="json", log_level="info")
        done = made.walship.run("backfill", cwd=made.data).expect(0)
        assert sorted(pushed(done.out.decode())) == names and "40 pushed, 0 failed" in done.out.decode()
        told = [line for line in map(json.loads, log.read_text().splitlines()) if "stored as" in line["message"]]
        assert sorted(line["wal_file"] for line in told) == names
        assert all(line["message"].startswith(f"push {line['wal_file']}: ") for line in told)
        puts = [request.key for request in server.requests if request.method == "PUT"]
        assert len(puts) == len(set(puts)) == 40
        for name in names:
            made.check(name)
        # PostgreSQL's own calls come later, and find them.
        made.drain()


@pytest.mark.parametrize("limit, least", [(resource.RLIMIT_NOFILE, 24), (resource.RLIMIT_AS, 200 << 20)], ids=["descriptors", "memory"])
def test_what_is_too_little_for_many_does_for_one(scratch, program, written, limit, least):
    with strict_s3.StrictS3() as server:
        made = backlog.on_strict(scratch, program, server, written.system_id)
        written.into(made.data)
        names = written.add(made, 30)
        process = made.walship.popen("backfill", cwd=made.data, preexec_fn=lambda: resource.setrlimit(limit, (least, least)))
        out, err = process.communicate(timeout=60)
        print(out.decode(), err.decode())
        assert process.returncode == 0 and sorted(pushed(out.decode())) == names
        for name in names:
            made.check(name)


def test_what_the_archiver_takes_meanwhile(scratch, program, written):
    """It is in the repository, and its file is gone: no failure. One that is gone and not there is one."""
    with strict_s3.StrictS3() as server:
        made = backlog.on_strict(scratch, program, server, written.system_id, push_timeout="8s", s3_bandwidth_limit="100MiB")
        written.into(made.data)
        names = written.add(made, 6)
        server.faults = [None, "no answer"]
        before = server.count()
        process = made.walship.popen("backfill", "--json", cwd=made.data)
        host.wait_for(lambda: server.count() >= before + 2, "the first push")
        for name in names[1:4]:
            made.walship.run("push", made.data / "pg_wal" / name).expect(0)
        for name in names[1:5]:
            (made.data / "pg_wal" / name).unlink()
        out, err = process.communicate(timeout=60)
        print(out.decode(), err.decode())
        lines = [json.loads(line) for line in out.decode().splitlines()]
        assert [(line["name"], line["result"]) for line in lines[:-1]][-2:] == [(names[4], "failed"), (names[5], "pushed")]
        assert not set(names[1:4]) & {line.get("name") for line in lines}
        assert lines[-1]["stored_files"] == 3 and lines[-1]["finished_files"] == 6 and process.returncode in (3, 5)


def test_what_cannot_be_read_is_not_called_unfinished(scratch, dir_site, written):
    """Files of root, after a restore say: one is told of, and the others are pushed."""
    data = scratch.directory("data")
    made = backlog.Backlog(data, dir_site.walship, dir_site.store, written.system_id)
    written.into(data)
    names = written.add(made, 4)
    ready = data / f"pg_wal/archive_status/{names[1]}.ready"
    ready.unlink()
    (data / "pg_wal" / names[1]).chmod(0)
    done = dir_site.run("backfill", cwd=data).expect(5, "1 of 4 files could not be pushed")
    assert re.search(rf"^✗ {names[1]}  .*open .*: Permission denied", done.out.decode(), re.M)
    assert sorted(pushed(done.out.decode())) == [names[0], *names[2:]] and "0 still to be written" in done.out.decode()
    (data / "pg_wal" / names[1]).chmod(0o600)
    host.USER.write(ready, b"", 0o600)
    assert pushed(dir_site.run("backfill", cwd=data).expect(0).out.decode()) == [names[1]]


def test_a_store_that_is_away(site, written, scratch):
    data = scratch.directory("data")
    made = backlog.Backlog(data, site.walship, site.store, written.system_id)
    written.into(data)
    written.add(made, 3)
    site.walship.configure(push_timeout="2s")
    site.store.go_away()
    done = site.run("backfill", cwd=data).expect(3, "walship: backfill: ", ".")
    assert done.out == b""
    site.store.come_back()
    site.run("backfill", cwd=data).expect(0)


def test_where_it_cannot_be_run(dir_site, data_dir):
    dir_site.run("backfill").expect(2, "no data directory found", "--pg-data")
    dir_site.run("backfill", "--pg-data", data_dir, "--system-id", "1").expect(2, "system-id is 1, but", "remove system-id")
    out = dir_site.run("backfill", "--pg-data", data_dir).expect(0).out.decode()
    assert out.startswith("0 finished files")
    shutil.rmtree(data_dir / "pg_wal")
    dir_site.run("backfill", "--pg-data", data_dir).expect(5, "pg_wal: No such file")
