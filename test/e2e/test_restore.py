"""walship restore against a real server: every target, timelines, copies, and what it refuses before it changes anything."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from harness import host, postgres
from test_json import Checker

UTC = "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'"


def backup(site, cluster, *args):
    """The label of a new backup."""
    done = site.run("backup", *args, "--json", "--pg-data", cluster.data, "--pg-conninfo", cluster.connection_string())
    done.expect(0)
    return json.loads(done.out)["label"]


def restore(site, cluster, *args, **kwargs):
    return site.run("restore", "--pg-data", cluster.data, *args, **kwargs)


def rows(cluster):
    return int(cluster.sql("select count(*) from t"))


def check_recovery(site, name, wanted, *args):
    """Restores to a cluster of this name, which has so many rows when its recovery has ended."""
    cluster = site.cluster(name)
    done = restore(site, cluster, *args)
    done.expect(0)
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        assert rows(cluster) == wanted, (name, done.out)
    cluster.remove()
    return done.out.decode()


def insert(cluster):
    """One more row, and the places before and behind it that a target can name."""
    cluster.sql("insert into t select count(*) + 1 from t")
    return rows(cluster)


def test_each_target(dir_site):
    """The restored server has the rows that were committed at the target, and no others."""
    with dir_site.primary(max_prepared_transactions="3") as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        assert insert(primary) == 1
        full = backup(dir_site, primary)
        # A target is a whole second behind the backup's end.
        time.sleep(1.5)
        assert insert(primary) == 2
        moment = primary.sql(UTC)
        insert(primary)
        lsn = primary.sql("select pg_current_wal_lsn()")
        insert(primary)
        xid = primary.sql("begin; insert into t select count(*) + 1 from t; select pg_current_xact_id(); commit")
        assert rows(primary) == 5
        primary.sql("select pg_create_restore_point('it''s here')")
        insert(primary)
        prepared = primary.sql("begin; create table u (n int); insert into t select count(*) + 1 from t; "
                               "select pg_current_xact_id(); prepare transaction 'p'")
        primary.sql("insert into t values (100)")
        primary.sql("commit prepared 'p'")
        insert(primary)
        primary.archive_all()
    promote = ("--target-action", "promote")
    check_recovery(dir_site, "end", 9)
    check_recovery(dir_site, "prepared", 8, "--target-xid", prepared, *promote)
    out = check_recovery(dir_site, "time", 2, "--target-time", moment, *promote)
    assert f"target     {moment[:-3]} UTC" in out and f"backup     {full}" in out
    check_recovery(dir_site, "xid", 5, "--target-xid", xid, *promote)
    check_recovery(dir_site, "exclusive", 4, "--target-xid", xid, "--target-exclusive", *promote)
    check_recovery(dir_site, "lsn", 3, "--target-lsn", lsn, "--target-exclusive", *promote)
    check_recovery(dir_site, "name", 5, "--target-name", "it's here", *promote)
    check_recovery(dir_site, "immediate", 1, "--target-immediate", *promote)


def test_pauses_and_stands_by(dir_site):
    """Without an action the server pauses at the target; a standby goes on to replay what is archived later."""
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        backup(dir_site, primary)
        insert(primary)
        primary.sql("select pg_create_restore_point('one')")
        insert(primary)
        primary.archive_all()

        paused = dir_site.cluster("paused")
        assert b"pg_wal_replay_resume" in restore(dir_site, paused, "--target-name", "one").expect(0).out
        with paused:
            paused.start_restored()
            host.wait_for(lambda: paused.sql("select pg_is_wal_replay_paused()") == "t", "it pauses")
            assert paused.in_recovery() and rows(paused) == 1

        # With the action shutdown the server ends at the target, not open to anybody; it opens once it may promote.
        ended = dir_site.cluster("ended")
        restore(dir_site, ended, "--target-name", "one", "--target-action", "shutdown").expect(0)
        with ended:
            ended.expect("LOG:  (shutdown at recovery target|.*was terminated|shutting down due to startup)", "startup process")
            ended.start_restored(wait=False)
            host.wait_for(lambda: not ended.server.alive, "it ends at the target", 60)
            assert "shutdown at recovery target" in ended.log.read_text()
            assert b"shut down in recovery" in ended.program("pg_controldata", ended.data).stdout
            with open(ended.data / "postgresql.auto.conf", "a", encoding="utf-8") as conf:
                conf.write("recovery_target_action = promote\n")
            ended.start_restored()
            ended.wait_promoted()
            assert rows(ended) == 1

        standby = dir_site.cluster("standby")
        restore(dir_site, standby, "--standby").expect(0)
        with standby:
            standby.start_restored()
            host.wait_for(lambda: rows(standby) == 2, "it has what was archived")
            insert(primary)
            primary.archive_all()
            host.wait_for(lambda: rows(standby) == 3, "it has what is archived later")
            assert standby.in_recovery()


def recover_in_place(site, primary, *args):
    """The server itself, brought back: it archives a timeline of its own."""
    primary.remove()
    out = restore(site, primary, *args).expect(0).out.decode()
    assert "archive_mode = off" not in out
    primary.expect(postgres.LEFT_BEHIND)
    primary.start_restored()
    primary.wait_promoted()
    return out


def is_reachable(site, moment, code=0):
    """The answer of info --at, as JSON."""
    [answer] = Checker().lines("info --at", site.run("info", "--at", moment, "--json"), code)
    assert answer["at_time"] == moment.replace(" ", "T").replace("+00", "Z") and answer["reachable"] == (code == 0)
    return answer


def commit_times(site, command):
    """First and last of each window, by timeline, as texts that compare with those of UTC."""
    [line] = Checker().lines(command, site.run(command, "--commit-times", "--json"), 0)
    return {each["timeline"]: tuple(each[f"{which}_commit_time"].replace("T", " ").replace("Z", "+00") for which in ("first", "last"))
            for each in line["windows"]}


def test_the_timeline_is_chosen_by_the_moment(dir_site):
    """A second recovery after a first one: the moment tells the timeline, or restore asks."""
    primary = dir_site.primary()
    with primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        backup(dir_site, primary)
        time.sleep(1.5)
        insert(primary)
        good = primary.sql(UTC)
        insert(primary)
        bad = primary.sql(UTC)
        insert(primary)
        behind = primary.sql("select pg_current_wal_lsn()")
        insert(primary)
        primary.archive_all()
        primary.stop()
        time.sleep(1.1)  # PostgreSQL's record of a timeline's beginning has whole seconds: a moment in that second is on both
        recover_in_place(dir_site, primary, "--target-time", good, "--target-action", "promote")
        assert rows(primary) == 1
        primary.sql("insert into t select generate_series(11, 15)")
        new = primary.sql(UTC)
        primary.sql("insert into t values (16)")
        primary.sql("create table filler as select generate_series(1, 30000)")
        primary.archive_all()
        newest = primary.sql(UTC)
    old = is_reachable(dir_site, bad)
    assert (old["timeline"], old["reason"]) == (1, None) and "other branches: 2" in old["timeline_reason"]
    assert good < old["previous_commit_time"].replace("T", " ").replace("Z", "+00") < bad
    assert is_reachable(dir_site, new)["timeline"] == 2
    dir_site.run("info", "--at", bad).expect(0)
    # The window goes along the new timeline: the old one's last commits are not in it.
    windows = commit_times(dir_site, "info")
    assert windows == commit_times(dir_site, "verify") and set(windows) == {2}, windows
    assert windows[2][0] < good and new < windows[2][1] < newest
    out = dir_site.run("info", "--commit-times").out.decode()
    assert f"(first commit {windows[2][0]}) to " in out and f"(last commit {windows[2][1]}), the newest WAL" in out
    assert f"(last commit {windows[2][1]})" in dir_site.run("verify", "--commit-times").out.decode()
    promote = ("--target-action", "promote", "--clone")
    out = check_recovery(dir_site, "old", 2, "--target-time", bad, *promote)
    assert "timeline   1: " in out and "other branches: 2" in out
    out = check_recovery(dir_site, "new", 6, "--target-time", new, *promote)
    assert "timeline   2: " in out and "other branches: 1" in out
    check_recovery(dir_site, "both", 0, "--target-immediate", *promote)
    check_recovery(dir_site, "latest", 7, "--clone")
    # A standby with a target does not follow the latest timeline, which does not have it.
    standby = dir_site.cluster("standby")
    restore(dir_site, standby, "--standby", "--target-time", bad).expect(0)
    settings = (standby.data / "postgresql.auto.conf").read_text()
    assert "recovery_target_timeline = '1'" in settings and (standby.data / "standby.signal").exists()
    # A position that both timelines have.
    restore(dir_site, dir_site.cluster("asked"), "--target-lsn", behind).expect(2, "both have LSN", "--target-timeline 1")
    check_recovery(dir_site, "first", 3, "--target-lsn", behind, "--target-timeline", "1", "--target-exclusive", *promote)


def opened_segments(site, *args):
    """The WAL segments that a call opens, by strace, and its standard output. The tracer is root, because walship is not dumpable."""
    log = site.directory / "strace"
    as_user = ["-u", host.USER.name] if host.USER.switch else []
    argv = ["strace", "-f", "-qq", *as_user, "-e", "trace=openat,openat2", "-o", log, *site.walship.argv(*args)]
    done = host.run(argv, cwd=site.directory, as_user=False)
    assert done.returncode == 0, done.stderr
    return sorted(set(re.findall(r'"[^"]*/([0-9A-F]{24})"', log.read_text()))), done.stdout.decode()


def test_commit_times_are_noted(dir_site):
    """verify --read notes commit times; windows and info --at use the notes without reading segments again."""
    site = dir_site
    with site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        backup(site, primary)
        time.sleep(1.5)
        moments = []
        for _ in range(8):
            insert(primary)
            moments.append(primary.sql(UTC))
            insert(primary)
            primary.sql("select pg_switch_wal()")
        primary.archive_all()
        read = commit_times(site, "info")
        assert noted_times(site, "info") == {1: (None, None)}
        unnoted, answer = opened_segments(site, "info", "--at", moments[5])
        assert len(unnoted) > 3, unnoted
        time.sleep(1.1)  # a segment that was stored in the second in which the run began counts as stored later
        site.run("verify", "--read").expect(0)
        assert noted_times(site, "info") == noted_times(site, "verify") == read
        # The survey opens one segment for its size; the moment is in another segment.
        for moment in moments[1:]:
            opened, _ = opened_segments(site, "info", "--at", moment)
            assert 1 <= len(opened) <= 2, (moment, opened)
        assert opened_segments(site, "info", "--at", moments[5])[1] == answer
        for args in (("info", "--json"), ("info", "--commit-times"), ("verify",)):
            opened, out = opened_segments(site, *args)
            assert len(opened) == 1, (args, opened)
        [(first, last)] = read.values()
        assert f"(first commit {first})" in out and f"(last commit {last})" in out
        assert f"(first commit {first})" in site.run("info").expect(0).out.decode()
        # Later segments have no notes: their times stay unknown until a command reads them, and are not guessed.
        insert(primary)
        newest = primary.sql(UTC)
        insert(primary)
        primary.archive_all()
        assert noted_times(site, "info") == {1: (first, None)}
        assert "(stored " in site.run("info").expect(0).out.decode()
        opened, _ = opened_segments(site, "info", "--at", newest)
        assert len(opened) <= 4, opened
        time.sleep(1.1)
        site.run("verify", "--read").expect(0)
        assert noted_times(site, "info") == commit_times(site, "info") and noted_times(site, "info")[1][1] > newest
    # A segment that was stored later has no note, and without the spool nothing is noted.
    name = next(each for each in site.store.list() if each.endswith(unnoted[-1]))
    content = site.store.get(name)
    site.store.delete(name)
    time.sleep(1.1)
    site.store.put(name, content)
    opened, again = opened_segments(site, "info", "--at", moments[5])
    assert again == answer
    [notes] = Path(site.walship.options["spool"]).glob("commit-times-*")
    notes.write_text("walship commit-times 1\n")
    assert noted_times(site, "info") == {1: (None, None)}
    assert opened_segments(site, "info", "--at", moments[5])[1] == answer
    # The next run notes again what was lost, though it knows that the segments are good.
    time.sleep(1.1)
    site.run("verify", "--read").expect(0)
    assert noted_times(site, "info") == commit_times(site, "info")


def noted_times(site, command):
    """As commit_times, from the notes alone. None: unknown."""
    [line] = Checker().lines(command, site.run(command, "--json"), 0)
    return {each["timeline"]: tuple((each[f"{which}_commit_time"] or "").replace("T", " ").replace("Z", "+00") or None
                                    for which in ("first", "last")) for each in line["windows"]}


def test_a_repository_younger_than_the_timeline(dir_site):
    """The server was on timeline 2 before it archived here: the repository has no history of that timeline."""
    with dir_site.primary() as primary:
        primary.configure(archive_command="true").start().stop()
        primary.configure(restore_command="false").signal_file("recovery.signal").start()
        primary.wait_promoted()
        primary.archive_all()
        primary.stop()
        primary.configure(restore_command=None, archive_command=dir_site.walship.command("push", "%p")).start()
        primary.sql("create table t (n int primary key)")
        insert(primary)
        backup(dir_site, primary)
        insert(primary)
        primary.archive_all()
    assert not [name for name in dir_site.store.list() if name.endswith(".history")]
    check_recovery(dir_site, "copy", 2)


def test_a_copy_never_archives(dir_site):
    """A trial beside the server leaves its repository as it was, and --takeover does not."""
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        insert(primary)
        backup(dir_site, primary)
        primary.archive_all()
    before = dir_site.store.list()
    for name, args in (("copy", ()), ("clone", ("--clone",))):
        cluster = dir_site.cluster(name)
        assert b"archive_mode = off" in restore(dir_site, cluster, *args).expect(0).out
        with cluster:
            cluster.start_restored()
            cluster.wait_promoted()
            assert cluster.sql("show archive_mode") == "off"
            insert(cluster)
            cluster.switch()
            assert not cluster.waiting()
        cluster.remove()
    assert dir_site.store.list() == before
    cluster = dir_site.cluster("heir")
    assert b"archive_mode = off" not in restore(dir_site, cluster, "--takeover").expect(0).out
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        cluster.archive_all()
    assert any(name.endswith("00000002.history") for name in dir_site.store.list())


def test_delta(dir_site):
    """Restoring over the server's own directory reads less, and removes what the backup does not have."""
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        insert(primary)
        backup(dir_site, primary)
        insert(primary)
        primary.archive_all()
        restore(dir_site, primary, "--delta").expect(5, "a server runs in", "stop it")
    restore(dir_site, primary).expect(2, "is not empty", "--delta")
    host.USER.write(primary.data / "base/stray", "x")
    done = restore(dir_site, primary, "--delta", "--json").expect(0)
    said = json.loads(done.out)
    assert said["read_bytes"] < said["bytes"] / 4 and said["removed_files"] >= 1
    assert not (primary.data / "base/stray").exists()
    with primary:
        primary.expect(postgres.LEFT_BEHIND)
        primary.start_restored()
        primary.wait_promoted()
        assert rows(primary) == 2


def test_refuses_before_it_changes_anything(dir_site):
    """Each refusal says what to do, and leaves no directory behind."""
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        early = primary.sql(UTC)
        time.sleep(1.1)
        label = backup(dir_site, primary)
        time.sleep(1.5)
        insert(primary)
        middle = primary.sql(UTC)
        insert(primary)
        gap = primary.archive_all()
        insert(primary)
        late = primary.sql(UTC)
        primary.archive_all()
        system_id = primary.system_id()
    cluster = dir_site.cluster("refused")

    def refuse(code, error, hint, *args):
        restore(dir_site, cluster, *args).expect(code, error, hint)
        assert not cluster.data.exists()

    refuse(2, "no offset", "TimeZone", "--target-time", "2026-11-29 06:42")
    refuse(2, "more than one recovery target", "give one of", "--target-name", "x", "--target-immediate")
    refuse(2, "no backup ended before", f"the earliest possible target is .*{label}", "--target-time", early)
    refuse(6, "no commit after .* is archived", r"recovery can go up to .*\+00", "--target-time", late)
    # info --at says the same without a directory.
    assert label in is_reachable(dir_site, early, 6)["hint"]
    answer = is_reachable(dir_site, late, 6)
    assert answer["reason"].startswith("no commit after") and "recovery can go up to" in answer["hint"] and answer["backup"] is None
    assert is_reachable(dir_site, middle)["backup"] == label
    done = dir_site.run("info", "--at", middle)
    assert f"can be recovered to {middle[:-3]} UTC" in done.out.decode() and f"backup     {label}" in done.out.decode()
    dir_site.run("info", "--at", late).expect(6, "1 of 1 clusters cannot be recovered to")
    dir_site.run("info", "--at", "2026-11-29 06:42").expect(2, "info-at: .*no offset")
    refuse(6, "does not have restore point x", "--force", "--target-name", "x")
    refuse(2, "no complete backup", "backup list", "--backup", "20200101T000000Z-full")
    refuse(2, "no history of timeline 7", "walship info", "--target-timeline", "7")
    # A hole in the WAL: up to it recovery is possible.
    name = next(each for each in dir_site.store.list() if each.endswith(gap))
    content = dir_site.store.get(name)
    dir_site.store.delete(name)
    refuse(6, f"the archive lacks {gap}|{label} needs {gap}", ".", )
    dir_site.store.put(name, content)
    out = check_recovery(dir_site, "middle", 1, "--target-time", middle, "--target-action", "promote")
    assert str(system_id) not in out


@pytest.mark.skipif(not host.USER.switch, reason="only root can give files away")
def test_as_root(dir_site):
    """root restores, and the server's user can start the server; the options of the call reach the restore_command."""
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        insert(primary)
        backup(dir_site, primary)
        primary.archive_all()
    cluster = dir_site.cluster("given")
    options = [each for name, value in dir_site.walship.options.items() for each in (f"--{name}", str(value))]
    argv = [str(each) for each in (dir_site.walship.program, "restore", *options, "--pg-data", cluster.data, "--json")]
    # Where root would be the owner, PostgreSQL would refuse the files: nothing is touched.
    roots = dir_site.directory / "roots"
    (roots / "empty").mkdir(parents=True)
    for place in (roots / "new", roots / "empty"):
        done = subprocess.run([*argv[:-3], "--pg-data", str(place)], env=host.clean_env(), capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "the restored files would belong to root, as " in done.stderr, done
        assert f"make that user the owner first: install -d -o postgres -g postgres -m 700 {place}" in done.stderr, done
    assert [path.name for path in roots.rglob("*")] == ["empty"]
    said = json.loads(host.run(argv, as_user=False).stdout)
    assert "--config" not in said["restore_command"] and "--repo file:" in said["restore_command"]
    owners = {path.lstat().st_uid for path in (cluster.data, *cluster.data.rglob("*"))}
    assert owners == {host.USER.uid}
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        assert rows(cluster) == 1


def test_tablespaces_go_elsewhere(dir_site):
    """A copy beside the server must not share its tablespace."""
    place, other = (host.USER.mkdir(dir_site.directory / name, 0o700) for name in ("place", "other"))
    with dir_site.primary() as primary:
        primary.start()
        primary.sql(f"create tablespace fast location '{place}'")
        primary.sql(f"create tablespace more location '{host.USER.mkdir(dir_site.directory / 'more', 0o700)}'")
        primary.sql("create table t (n int primary key) tablespace fast")
        insert(primary)
        oid, second = primary.sql("select oid from pg_tablespace where spcname in ('fast', 'more') order by spcname").split()
        backup(dir_site, primary)
        insert(primary)
        primary.archive_all()
    cluster = dir_site.cluster("copy")
    restore(dir_site, cluster, "--tablespace", "fast=/x").expect(2, "is not a tablespace.s OID=DIRECTORY", "pg_tblspc")
    # Two directories in one another would mix their files.
    more = host.USER.mkdir(dir_site.directory / "more-copy", 0o700)
    for first, its, where in ((cluster.data / "base", more, "in"), (cluster.data, more, "in|needs a directory of its own"), (cluster.data.parent, more, "around"),
                              (other, other / "below", "in|around"), (other / "x/../y", other, "in|around"), (other, other, "needs a directory of its own")):
        restore(dir_site, cluster, "--tablespace", f"{oid}={first}", "--tablespace", f"{second}={its}").expect(2, rf"tablespace \d+ (lies )?({where})", "apart from|")
    assert not cluster.data.exists() and not list(other.iterdir())
    restore(dir_site, cluster, "--tablespace", f"{oid}={other}", "--tablespace", f"{second}={more}").expect(0)
    before = sorted(place.rglob("*"))
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        assert rows(cluster) == 2 and (cluster.data / "pg_tblspc" / oid).readlink() == other
        insert(cluster)
    assert sorted(place.rglob("*")) == before


def test_tablespaces_that_recovery_creates(dir_site):
    """Replay creates a tablespace where the original has it: a copy beside the original is refused, for both would write the same files."""
    late = host.USER.mkdir(dir_site.directory / "late", 0o700)
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        backup(dir_site, primary)
        insert(primary)
        primary.archive_all()
        lsn = primary.sql("select pg_current_wal_lsn()")
        insert(primary)
        primary.sql(f"create tablespace late location '{late}'")
        primary.archive_all()
        cluster, files = dir_site.cluster("copy"), sorted(late.rglob("*"))
        refused = rf"recovery creates a tablespace in {late} at LSN [0-9A-F/]+, where another server has one"
        restore(dir_site, cluster, "--clone").expect(2, refused, "to a target before it")
        assert not cluster.data.exists()
        restore(dir_site, cluster, "--clone", "--dry-run", "--force").expect(0, f"--force: {refused}")
        check_recovery(dir_site, "before", 1, "--clone", "--target-lsn", lsn, "--target-exclusive", "--target-action", "promote")
        assert sorted(late.rglob("*")) == files
        primary.sql("drop tablespace late")
        late.rmdir()
        restore(dir_site, cluster, "--clone", "--dry-run").expect(0, rf"recovery creates a tablespace in {late} at LSN .*, and will stop there unless you create that directory")


def test_configuration_elsewhere(dir_site):
    """As Debian has it: postgresql.conf is not in the data directory, and the copy needs one."""
    etc = host.USER.mkdir(dir_site.directory / "etc", 0o700)
    with dir_site.primary() as primary:
        (primary.data / "postgresql.conf").rename(etc / "postgresql.conf")
        conf = host.USER.write(etc / "postgresql.conf", f"data_directory = '{primary.data}'\nmax_connections = 33\n"
                               f"hba_file = '{primary.data}/pg_hba.conf'\nident_file = '{primary.data}/pg_ident.conf'\n", 0o600)
        primary.settings.pop("max_connections")
        settings = {**primary.settings, "unix_socket_directories": f"'{primary.sockets}'", "port": str(primary._port())}
        host.USER.write(primary.data / "postgresql.auto.conf", "".join(f"{k} = {v}\n" for k, v in settings.items()), 0o600)
        primary.server = host.Server([host.PG_BIN / "postgres", "-c", f"config_file={conf}"], primary.log, as_user=True,
                                     cwd=primary.data, at_parent_death="QUIT")
        primary.wait_open()
        primary.sql("create table t (n int primary key)")
        insert(primary)
        backup(dir_site, primary, "--backup-include", str(etc))
        primary.archive_all()
    cluster = dir_site.cluster("copy")
    said = restore(dir_site, cluster).expect(0).out.decode()
    assert f"postgresql.conf is not in the data directory: the server that was backed up had its configuration in {conf}" in said
    assert "recovery needs at least max_connections = 33" in said and "walship-include has the files" in said
    assert (cluster.data / f"walship-include{conf}").read_text() == conf.read_text()
    # The command that it prints: the configuration names the old server's data directory, and the copy has its own.
    options = f"-c config_file={conf} -c data_directory={cluster.data} -c external_pid_file="
    assert f'start the server: pg_ctl -D {cluster.data} -o "{options}" start' in said
    with cluster:
        cluster.server = host.Server([host.PG_BIN / "postgres", "-D", cluster.data, *options.split(), "-c",
                                      f"unix_socket_directories={cluster.sockets}", "-c", f"port={cluster._port()}"],
                                     cluster.log, as_user=True, cwd=cluster.data, at_parent_death="QUIT")
        cluster.wait_promoted()
        assert rows(cluster) == 1 and cluster.sql("show data_directory") == str(cluster.data)
    cluster.remove()
    restore(dir_site, cluster).expect(0)
    # Without that configuration, what it says is enough to start it.
    host.USER.write(cluster.data / "postgresql.conf", "max_connections = 33\n", 0o600)
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        assert rows(cluster) == 1


def test_finds_moments_in_many_segments(dir_site):
    """Where recovery stops, by the records of small segments that cross from one to the next."""
    with dir_site.primary("primary", "--wal-segsize=1") as primary:
        primary.start()
        primary.sql("create table t (n int primary key); create table filler (v text)")
        label = backup(dir_site, primary)
        time.sleep(1.5)
        moments = []
        for n in range(12):
            primary.sql("insert into filler select md5(random()::text) from generate_series(1, 20000)")
            moment, before = primary.sql(f"select ({UTC[7:]}) || '|' || pg_current_wal_lsn()").split("|")
            insert(primary)
            moments.append((n, moment, before, primary.sql("select pg_current_wal_lsn()")))
        backup(dir_site, primary)
        primary.archive_all()
        number = "select pg_walfile_name('{0}'), pg_walfile_name('{1}')"
        names = [primary.sql(number.format(*places)).split("|") for *_, before, behind in moments for places in [(before, behind)]]
    assert len({first for first, _ in names}) == 12
    cluster = dir_site.cluster("copy")
    for (n, moment, _, _), (first, last) in list(zip(moments, names))[::3]:
        [plan] = Checker().lines("restore", restore(dir_site, cluster, "--target-time", moment, "--dry-run", "--json"), 0)
        assert plan["backup"] == label
        begin = int(plan["first_segment"][8:16], 16) * 4096 + int(plan["first_segment"][16:], 16)
        stop = begin + plan["replay_segments"] - 1
        ends = [int(name[8:16], 16) * 4096 + int(name[16:], 16) for name in (first, last)]
        assert ends[0] <= stop <= ends[1], (n, plan, first, last)
    n, moment, *_ = moments[7]
    check_recovery(dir_site, "seven", n, "--target-time", moment, "--target-action", "promote")


def test_damaged_wal_is_told_before(dir_site):
    """Recovery would stop at a segment that cannot be opened."""
    with dir_site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key)")
        backup(dir_site, primary)
        time.sleep(1.5)
        insert(primary)
        moment = primary.sql(UTC)
        insert(primary)
        last = primary.archive_all()
    name = next(each for each in dir_site.store.list() if each.endswith(last))
    content = bytearray(dir_site.store.get(name))
    content[len(content) // 2] ^= 1
    dir_site.store.delete(name)
    dir_site.store.put(name, bytes(content))
    cluster = dir_site.cluster("copy")
    restore(dir_site, cluster, "--target-time", moment).expect(4, f"{last}: not authentic", "look for another copy")
    assert not cluster.data.exists()
    assert f"{last}: not authentic" in is_reachable(dir_site, moment, 4)["reason"]
    done = dir_site.run("info", "--commit-times")
    done.expect(0, "could not read the commit times of timeline 1's window")
    assert "(stored" in done.out.decode()


def test_dry_run_tells_the_truth(site):
    """The figures of the dry run are those of the restore, and it changes nothing."""
    with site.primary() as primary:
        primary.start()
        primary.sql("create table t as select g n, md5(g::text) from generate_series(1, 50000) g")
        backup(site, primary)
        primary.sql("update t set n = n + 1 where n % 100 = 0")
        backup(site, primary, "diff")
        primary.archive_all()
        wanted = primary.rows()
    cluster = site.cluster("restored")
    [dry] = Checker().lines("restore", restore(site, cluster, "--dry-run", "--json", "--backup-manifest"), 0)
    assert dry["dry_run"] and not cluster.data.exists()
    assert restore(site, cluster, "--dry-run").expect(0).out and not cluster.data.exists()
    [real] = Checker().lines("restore", restore(site, cluster, "--json", "--backup-manifest"), 0)
    cluster.program("pg_verifybackup", "-n", cluster.data)
    # The room that it asks for is what the files take on the disk, and a little more.
    taken = sum(path.lstat().st_blocks * 512 for path in cluster.data.rglob("*"))
    [room] = dry["rooms"]
    assert taken <= room["needed_bytes"] < 1.2 * taken < room["available_bytes"], (room, taken)
    same = ("backup", "timeline", "files", "directories", "bytes", "read_bytes", "requests", "packs", "written_bytes",
            "replay_segments", "first_segment")
    assert {field: dry[field] for field in same} == {field: real[field] for field in same}
    with cluster:
        cluster.start_restored()
        cluster.wait_promoted()
        assert cluster.rows() == wanted


def verify(cluster, wanted):
    """What pg_verifybackup says of the files; the WAL is not there yet."""
    done = host.run([host.PG_BIN / "pg_verifybackup", "-n", cluster.data], check=False)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == wanted, said
    return said


def test_pg_verifybackup_accepts_it(dir_site):
    """PostgreSQL's own program compares each file with backup_manifest; --delta repairs what it finds."""
    with dir_site.primary() as primary:
        primary.start()
        place = primary.directory / "fast"
        host.run(["mkdir", "-m", "700", place], as_user=True)
        primary.sql(f"create tablespace fast location '{place}'")
        primary.sql("create table t (n int primary key, b text) tablespace fast")
        primary.sql("insert into t select n, repeat(md5(n::text), 20) from generate_series(1, 5000) n")
        backup(dir_site, primary)
        oid = primary.sql("select oid from pg_tablespace where spcname = 'fast'")
        path = primary.sql("select pg_relation_filepath('t')")
        primary.archive_all()
    copy = dir_site.cluster("copy")
    new = copy.directory / "new fast"
    args = ("--tablespace", f"{oid}={new}", "--backup-manifest")
    restore(dir_site, copy, *args).expect(0)
    verify(copy, 0)
    relation = copy.data / path
    assert str(relation.resolve()).startswith(str(new))
    content = bytearray(relation.read_bytes())
    content[12345] ^= 1
    relation.write_bytes(content)
    (copy.data / "base" / "stray").write_bytes(b"x")
    found = verify(copy, 1)
    assert f'checksum mismatch for file "{path}"' in found and '"base/stray" is present on disk' in found
    restore(dir_site, copy, *args, "--delta").expect(0)
    verify(copy, 0)
    with copy:
        copy.start_restored()
        copy.wait_promoted()
        assert rows(copy) == 5000
    copy.remove()
