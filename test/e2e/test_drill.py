"""walship drill: a recovery that is rehearsed beside the real cluster, what it finds, and that it touches nothing else."""

import json
import os
import re
import shutil
import signal
import time
from contextlib import contextmanager

import pytest

from conftest import make_site
from harness import host, openmetrics
from test_json import Checker
from test_schedule import age_note

SOCKET = "walship-drill/socket"


def state(site, primary, *tablespaces):
    """Of the real cluster: its files but for those that a running server writes by itself, its slots, and every object of
    the repository but for reports of drills."""
    slots = primary.sql("select slot_name, active, restart_lsn from pg_replication_slots")
    primary.sql("checkpoint")  # a reader sets hint bits too
    files = {}
    for place in (primary.data, *tablespaces):
        for path in sorted(place.rglob("*")):
            if path.is_file() and not re.search(r"pgstat|pg_internal|postmaster.pid|/pg_wal/|/pg_xact/|pg_control", str(path)):
                files[path] = path.read_bytes()
    return files, slots, {name: site.store.get(name) for name in site.store.list() if "/drill/" not in name}


class Drilled:
    """A cluster with checksums, a second database, a tablespace and a backup; its archive; and a place for drills."""

    def __init__(self, scratch, program):
        self.site = make_site("dir", None, scratch, program)
        self.place = host.USER.mkdir(self.site.directory / "drills")
        self.site.walship.configure(drill_dir=self.place, drill_timeout="60s")
        self.outside = self.site.directory / "outside"
        self.primary = self.site.primary("primary", "--data-checksums", max_replication_slots="2", max_connections="30",
                                         max_prepared_transactions="5", autovacuum="off")
        with open(self.primary.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            for name in ("archive_cleanup", "recovery_end"):
                conf.write(f"{name}_command = 'echo {name} >>{self.outside}'\n")
            conf.write("recovery_min_apply_delay = 1h\n")
        self.primary.start()
        self.tablespace = host.USER.mkdir(self.site.directory / "space")
        self.primary.sql("create table t (n int primary key, what text)")
        self.primary.sql("insert into t select n, repeat('x', 200) from generate_series(1, 2000) n")
        self.primary.sql("create database second")
        self.primary.sql(f"create tablespace space location '{self.tablespace}'")
        self.primary.sql("create table far (n int) tablespace space")
        self.primary.sql("select pg_create_physical_replication_slot('kept', true)")
        done = self.site.run("backup", "--json", "--pg-data", self.primary.data, "--pg-conninfo", self.primary.connection_string())
        self.backup = json.loads(done.expect(0).out)["label"]
        time.sleep(1.1)
        self.primary.sql("insert into t select n, 'y' from generate_series(2001, 2010) n")
        self.primary.sql("insert into far values (1)")
        self.primary.archive_all()
        self.system_id = self.primary.system_id()

    def run(self, *args, **kwargs):
        return self.site.run("drill", "--pg-data", self.primary.data, *args, **kwargs)

    def state(self):
        return state(self.site, self.primary, self.tablespace)

    def left(self):
        return sorted(self.place.rglob("*"))

    def report(self, done):
        [line] = done.out.splitlines()
        return json.loads(line)

    def remove(self):
        self.primary.stop()
        self.primary.check_log()
        self.site.store.close()


@pytest.fixture(scope="module")
def drilled(scratch, program):
    made = Drilled(scratch, program)
    yield made
    made.remove()


def finding(report):
    return {each["part"]: each for each in report["findings"]}


@contextmanager
def changed(site, name, change):
    """An object with another content; None: without it."""
    path = site.store.path / name
    content = path.read_bytes()
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.unlink()
    if change:
        host.USER.write(path, change(content), 0o400)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        host.USER.write(path, content, mode & 0o777)


def flip(content):
    at = len(content) // 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1:]


def test_a_good_drill(drilled):
    """It recovers to the end, checks, reports, and leaves nothing but its report: no command or delay of a standby counts."""
    sql = host.USER.write(drilled.site.directory / "sum.sql", "select 'rows: ' || count(*) from t;\n\\connect second\nselect 1;\n")
    before, names = drilled.state(), set(drilled.site.store.list())
    done = drilled.run("--json", "--sql", sql).expect(0)
    report = drilled.report(done)
    assert report["ok"] and report["backup"] == drilled.backup and report["system_id"] == str(drilled.system_id)
    assert report["databases"] == 3 and report["page_checksums"] and report["amcheck_skipped"] is None
    assert "rows: 2010" in report["sql"][0]["output"]
    assert 0 <= report["rpo_seconds"] < 600 and 0 < report["rto_seconds"] < 60 and report["estimate_seconds"] == report["rto_seconds"]
    assert report["newest_transaction_time"] > report["backup_ended_time"]
    assert drilled.left() == [] and drilled.state() == before and not drilled.outside.exists()
    [name] = set(drilled.site.store.list()) - names
    assert name == f"{drilled.system_id}/drill/{report['label']}"
    assert {**json.loads(drilled.site.run("cat", name).expect(0).out), "label": report["label"]} == report

    lines = drilled.site.run("drill", "list").expect(0).out.decode()
    assert f"✓ {report['label']}" in lines and drilled.backup in lines
    checker = Checker()
    checker.lines("drill", done, 0)
    checker.lines("drill list", drilled.site.run("drill", "list", "--json"), 0, ["drill"])
    listed = [json.loads(line) for line in drilled.site.run("list", "--json").expect(0).out.splitlines()]
    assert [each["label"] for each in listed if each["kind"] == "drill"] == [report["label"]]
    assert b"other" not in drilled.site.run("key", "list").expect(0).out
    text = drilled.run(env={"PGHOSTADDR": "127.0.0.1", "PGSERVICE": "nowhere", "PGOPTIONS": "-c no.such"}).expect(0).out.decode()
    assert "the recovery works" in text and "(RTO)" in text and "(RPO)" in text


def test_to_a_moment(drilled):
    """A time, and a random one; the estimate is that of a recovery to the end."""
    moment = drilled.primary.sql("select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'")
    drilled.primary.sql("insert into t values (99991)")
    drilled.primary.archive_all()
    for args in ("--target-time", moment), ("--random",):
        report = drilled.report(drilled.run("--json", *args).expect(0))
        assert report["ok"] and not report["to_end"] and report["rpo_seconds"] is None and report["estimate_seconds"] > 0
        assert report["random"] == (args[0] == "--random")
    drilled.primary.sql("delete from t where n = 99991")
    drilled.run("--random", "--target-time", moment).expect(2, "contradict", None)


def test_on_an_empty_machine(drilled):
    """With the configuration and PostgreSQL's programs alone; as root it becomes the owner of drill-dir."""
    report = drilled.report(drilled.site.run("drill", "--json", cwd=drilled.place).expect(0))
    assert report["ok"] and report["system_id"] == str(drilled.system_id)
    if os.getuid() == 0:
        done = host.run(drilled.site.walship.argv("drill", "--json"), as_user=False)
        assert json.loads(done.stdout)["ok"]
    assert drilled.left() == []


@pytest.mark.full
def test_kept(drilled):
    """The copy stays, stopped, and the next drill removes it. Its tablespace is another than the real one."""
    report = drilled.report(drilled.run("--json", "--keep").expect(0))
    copy = drilled.place / "walship-drill/data"
    assert report["kept"] == str(copy) and (copy / "PG_VERSION").exists() and not (copy / "postmaster.pid").exists()
    [link] = (copy / "pg_tblspc").iterdir()
    assert str(drilled.place) in os.readlink(link)
    drilled.run().expect(0)
    assert drilled.left() == []


def refused(drilled, code, part, error, meaning, **changes):
    """A drill that must find this. The report says so, and nothing stays."""
    before = drilled.state()
    done = drilled.run("--json", **changes)
    done.expect(code, error, meaning)
    report = drilled.report(done)
    assert not report["ok"] and re.search(error, finding(report)[part]["text"]), report
    assert re.search(meaning, finding(report)[part]["meaning"]), report
    assert drilled.left() == [] and drilled.state() == before
    return report


def test_finds_a_missing_segment(drilled):
    segments = [name for name in drilled.site.store.list() if re.search(r"/wal/.*/[0-9A-F]{24}$", name)]
    started = drilled.site.run("cat", f"{drilled.system_id}/backup/{drilled.backup}/manifest").expect(0)
    first = json.loads(started.out)["start_lsn"]
    needed = [name for name in segments if int(name[-8:], 16) >= int(first.split("/")[1], 16) >> 24]
    with changed(drilled.site, needed[0], None):
        refused(drilled, 6, "choose", "lacks", "lose every change after the gap")
    [newest] = drilled.site.run("drill", "list").expect(0).out.decode().splitlines()[-2:-1]
    assert newest.startswith("✗")


def test_finds_a_damaged_pack(drilled):
    packs = [name for name in drilled.site.store.list() if f"{drilled.backup}/data/" in name]
    with changed(drilled.site, packs[0], flip):
        refused(drilled, 4, "restore", "data/0", "make a full backup now")


def test_finds_a_wrong_key(drilled):
    """And keeps no report, which the wrong key would have sealed."""
    other = host.USER.write(drilled.site.directory / "other-key", os.urandom(32).hex() + "\n", 0o600)
    names, before = drilled.site.store.list(), drilled.state()
    drilled.site.walship.configure(cipher_key_file=other)
    try:
        done = drilled.run("--json").expect(4, "no backup can be used; .*encrypted with key id [0-9a-f]{32}, which is not configured", "add the key as another cipher-key-file")
        report = drilled.report(done)
        assert not report["ok"] and "would be refused in the same way" in finding(report)["choose"]["meaning"], report
        assert "which is not configured" in finding(report)["choose"]["text"]
    finally:
        drilled.site.walship.configure(cipher_key_file=drilled.site.walship.key_file)
    assert drilled.site.store.list() == names and drilled.left() == [] and drilled.state() == before


@pytest.mark.full
def test_finds_failing_sql(drilled):
    sql = host.USER.write(drilled.site.directory / "bad.sql", "select 1;\nselect nothing from t;\nselect 2;\n")
    drilled.site.walship.configure(drill_sql=f"postgres={sql}")
    try:
        refused(drilled, 4, "sql", "nothing", "fails your own checks")
    finally:
        drilled.site.walship.configure(drill_sql=None)


def test_finds_too_little_room(drilled, small_disk):
    disk = small_disk(8 * 1024)
    place = host.USER.mkdir(disk.path / "drills")
    before = drilled.state()
    done = drilled.run("--json", "--drill-dir", place)
    done.expect(5, "file system has", "needs the room")
    report = drilled.report(done)
    assert not report["ok"] and "file system has" in report["findings"][0]["text"] and "needs the room" in report["findings"][0]["meaning"]
    assert list(place.rglob("*")) == [] and drilled.state() == before


def own_cluster(site, *initdb, **settings):
    """A cluster of a test's own, with a drill-dir."""
    place = host.USER.mkdir(site.directory / "drills")
    site.walship.configure(drill_dir=place, drill_timeout="60s")
    return site.primary("primary", *initdb, autovacuum="off", **settings), place


def backed_up(site, primary):
    site.run("backup", "--pg-data", primary.data, "--pg-conninfo", primary.connection_string()).code
    primary.archive_all()


def spoil(primary, relation, block, at):
    """Other bytes in a page on disk, while the server is down."""
    path = primary.data / primary.sql(f"select pg_relation_filepath('{relation}')")
    primary.sql("checkpoint")
    primary.stop()
    with open(path, "r+b") as file:
        file.seek(block * 8192 + at)
        old = file.read(4)
        file.seek(block * 8192 + at)
        file.write(bytes(byte ^ 0xFF for byte in old))
    primary.start()


def check_spoiled(site, primary, place, part, meaning, code=4):
    """A drill beside this cluster finds it, the report says so, and nothing else has changed."""
    before = state(site, primary)
    done = site.run("drill", "--json", "--pg-data", primary.data)
    report = json.loads(done.out)
    assert done.code == code and part in finding(report) and re.search(meaning, finding(report)[part]["meaning"]), report
    assert not report["ok"] and list(place.rglob("*")) == [] and state(site, primary) == before
    return done


def test_finds_a_page_with_a_wrong_checksum(dir_site):
    """It was damaged in the server before the backup."""
    primary, place = own_cluster(dir_site, "--data-checksums")
    primary.expected.append("page verification failed|invalid page")
    with primary.start():
        primary.sql("create table t (n int, what text)")
        primary.sql("insert into t select n, repeat('x', 200) from generate_series(1, 2000) n")
        spoil(primary, "t", 3, 8100)
        backed_up(dir_site, primary)
        check_spoiled(dir_site, primary, place, "checksums", "damaged pages")


def test_finds_a_corrupt_index(dir_site):
    """Without checksums only amcheck sees that an index lacks a row of its table."""
    primary, place = own_cluster(dir_site)
    with primary.start():
        primary.sql("create table t (n int, what text)")
        primary.sql("create index i on t (n)")
        primary.sql("update pg_index set indisready = false where indexrelid = 'i'::regclass")
        primary.sql("insert into t select n, 'x' from generate_series(1, 100) n")
        primary.sql("update pg_index set indisready = true where indexrelid = 'i'::regclass")
        backed_up(dir_site, primary)
        check_spoiled(dir_site, primary, place, "amcheck", "wrong or missing rows")


def test_finds_a_missing_library(dir_site):
    """The server that was backed up had a library that this machine lacks."""
    primary, place = own_cluster(dir_site)
    with primary.start():
        primary.sql("create table t (n int)")
        with open(primary.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write("shared_preload_libraries = 'pg_nowhere'\n")
        backed_up(dir_site, primary)
        check_spoiled(dir_site, primary, place, "replay", "libraries of the server", 5).expect(5, "pg_nowhere", "libraries of the server")


def test_refuses_a_new_tablespace(dir_site):
    """Replay makes it in its original directory: beside the original that would be its own."""
    primary, place = own_cluster(dir_site)
    with primary.start():
        backed_up(dir_site, primary)
        space = host.USER.mkdir(dir_site.directory / "later")
        primary.sql(f"create tablespace later location '{space}'")
        primary.sql("create table far tablespace later as select 1")
        primary.archive_all()
        before = {path: path.stat().st_mtime_ns for path in space.rglob("*")}
        done = dir_site.run("drill", "--json", "--pg-data", primary.data)
        done.expect(4, "tablespace was created after the backup", "make a new backup.*nothing was rehearsed")
        assert json.loads(done.out)["findings"][0]["part"] == "scan" and list(place.rglob("*")) == []
        assert {path: path.stat().st_mtime_ns for path in space.rglob("*")} == before
        backed_up(dir_site, primary)
        dir_site.run("drill", "--pg-data", primary.data).expect(0)


@pytest.mark.full
def test_replays_no_later_segment(drilled):
    """What is archived once the drill has looked for new tablespaces is not replayed."""
    process = drilled.site.walship.popen("drill", "--json", "--keep", "--pg-data", drilled.primary.data)
    host.wait_for((drilled.place / "walship-drill/data/base").exists, "the backup is chosen", 60)
    drilled.primary.sql("insert into t values (99992)")
    drilled.primary.archive_all()
    out, _ = process.communicate(timeout=120 * host.SLOWNESS)
    report, log = json.loads(out), (drilled.place / "walship-drill/log").read_text()
    assert report["ok"] and report["replay_segments"] == len(set(re.findall(r'restored log file "(0+1[0-9A-F]{16})"', log))), log
    drilled.primary.sql("delete from t where n = 99992")
    drilled.run().expect(0)


def test_configuration_elsewhere(dir_site):
    """As Debian has it: the copy has no postgresql.conf, and gets from the manifest what the recovery and the extensions need."""
    etc = host.USER.mkdir(dir_site.directory / "etc", 0o700)
    primary, place = own_cluster(dir_site)
    with primary:
        (primary.data / "postgresql.conf").unlink()
        conf = host.USER.write(etc / "postgresql.conf", f"data_directory = '{primary.data}'\nhba_file = '{primary.data}/pg_hba.conf'\n"
                               f"ident_file = '{primary.data}/pg_ident.conf'\n"
                               "max_prepared_transactions = 7\nshared_preload_libraries = 'pg_stat_statements'\n", 0o600)
        settings = {**primary.settings, "unix_socket_directories": f"'{primary.sockets}'", "port": str(primary._port())}
        host.USER.write(primary.data / "postgresql.auto.conf", "".join(f"{k} = {v}\n" for k, v in settings.items()), 0o600)
        primary.server = host.Server([host.PG_BIN / "postgres", "-c", f"config_file={conf}"], primary.log, as_user=True,
                                     cwd=primary.data, at_parent_death="QUIT")
        primary.wait_open()
        primary.sql("create table t (n int)")
        dir_site.run("backup", "--pg-data", primary.data, "--pg-conninfo", primary.connection_string()).expect(0)
        for number in range(5):
            primary.sql(f"begin; insert into t values ({number}); prepare transaction 'p{number}'")
        primary.archive_all()
        sql = host.USER.write(dir_site.directory / "show.sql", "show shared_preload_libraries; select count(*) from pg_prepared_xacts;\n")
        report = json.loads(dir_site.run("drill", "--json", "--pg-data", primary.data, "--sql", sql).expect(0).out)
        assert "pg_stat_statements" in report["sql"][0]["output"] and " 5\n" in report["sql"][0]["output"], report
        assert list(place.rglob("*")) == [] and primary.sql("show data_directory") == str(primary.data)


@pytest.mark.full
def test_from_a_bucket(s3_site):
    primary, place = own_cluster(s3_site, "--data-checksums")
    with primary.start():
        primary.sql("create table t (n int)")
        backed_up(s3_site, primary)
        primary.sql("insert into t values (1)")
        primary.archive_all()
        done = s3_site.run("drill", "--json", "--pg-data", primary.data).expect(0)
        assert json.loads(done.out)["ok"] and list(place.rglob("*")) == []
        assert "✓" in s3_site.run("drill", "list").expect(0).out.decode()


def is_open(data):
    return (data / "postmaster.pid").exists() and "ready" in (data / "postmaster.pid").read_text()


def servers_in(place):
    """Processes that work in the copy."""
    found = []
    for path in os.listdir("/proc"):
        if path.isdigit():
            try:
                if str(place) in os.readlink(f"/proc/{path}/cwd"):
                    found.append(int(path))
            except OSError:
                continue
    return found


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed(drilled, how):
    """No server goes on, and the next drill cleans up."""
    sql = host.USER.write(drilled.site.directory / "slow.sql", "select pg_sleep(30);\n")
    before = drilled.state()
    process = drilled.site.walship.popen("drill", "--pg-data", drilled.primary.data, "--sql", sql)
    data = drilled.place / "walship-drill/data"
    host.wait_for(lambda: servers_in(data) and is_open(data), "its server is open", 60)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == -how
    host.wait_for(lambda: not servers_in(data), "its server has ended", 20)
    assert how == signal.SIGKILL or drilled.left() == []
    assert drilled.state() == before
    drilled.run().expect(0)
    assert drilled.left() == []


@pytest.mark.full
def test_leftover_server(drilled):
    """The server of a drill goes on where the kernel could not stop it; another process with its id does not count."""
    drilled.run("--keep").expect(0)
    data = drilled.place / "walship-drill/data"
    copy = drilled.site.cluster("walship-drill/data")
    copy.data, copy.sockets = data, drilled.site.directory
    server = host.Server([host.PG_BIN / "postgres", "-D", data, "-c", f"unix_socket_directories={drilled.site.directory}", "-c",
                          "port=54321", "-c", "listen_addresses="], drilled.site.directory / "leftover.log", as_user=True, cwd=data,
                         at_parent_death="QUIT")
    host.wait_for(lambda: (data / "postmaster.pid").exists(), "it runs")
    done = drilled.run("--json")
    assert done.code == 0 and "stopping the server of a drill" in done.err, done
    assert not server.alive and drilled.left() == []
    host.USER.mkdir(drilled.place / "walship-drill")
    host.USER.mkdir(data)
    host.USER.write(data / "postmaster.pid", f"{drilled.primary.server.process.pid}\n{data}\n")
    drilled.run().expect(0)
    assert drilled.primary.sql("select 1") == "1"


def test_refusals(drilled):
    """Before anything is changed."""
    drilled.run("--drill-dir", drilled.primary.data).expect(2, "is a data directory", "directory of its own")
    drilled.run("--drill-dir", drilled.site.directory / "none").expect(2, "No such file", "install -d")
    drilled.run("--drill-dir", host.USER.mkdir(drilled.site.directory / ("d" * 90))).expect(2, "too long for a socket", "at most 60")
    drilled.run("--pg-bindir", drilled.site.directory).expect(5, f"programs of PostgreSQL {host.PG_MAJOR} are not found", "pg-bindir")
    older = host.USER.mkdir(drilled.site.directory / "bin9")
    host.USER.write(older / "postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 9.6'\n", 0o755)
    drilled.run("--pg-bindir", older).expect(5, rf"PostgreSQL {host.PG_MAJOR} are not found, only .*/bin9/postgres \(9.6\)",
                                              f"postgresql-{host.PG_MAJOR}")
    drilled.site.walship.configure(drill_dir=None)
    drilled.run().expect(2, "drill-dir is not set", "drill-dir DIR")
    drilled.site.walship.configure(drill_dir=drilled.place)


def test_status(drilled):
    """The newest drill's age, verdict and figures; without one, a scheduled drill is CRITICAL."""
    def check():
        done = drilled.site.run("status", "--json", "--pg-data", drilled.primary.data)
        made = json.loads(done.out)
        return {each["name"]: each for each in made["checks"]}["drill"], made["drill"]
    drilled.site.walship.configure(drill_at="@weekly", pg_data=drilled.primary.data)
    assert b"drill" in drilled.site.run("schedule", "--list").expect(0).out
    drilled.site.run("run-due").expect(0)
    age_note(drilled.site, since=8 * 86400)
    assert re.match(r"✓ drill", drilled.site.run("run-due").expect(0).out.decode())
    assert not drilled.site.run("run-due").expect(0).out
    drilled.site.walship.configure(drill_at=None, pg_data=None)
    found, figures = check()
    assert found["status"] == "OK" and "RPO" in found["text"] and "RTO" in found["text"], found
    assert figures["ok"] and figures["rto_seconds"] > 0 and figures["age_seconds"] < 60
    metrics = openmetrics.parse(drilled.site.run("status", "--prometheus", "--pg-data", drilled.primary.data).out.decode())
    for name in ("walship_drill_timestamp_seconds", "walship_drill_age_seconds", "walship_drill_ok", "walship_drill_rpo_seconds",
                 "walship_drill_rto_seconds"):
        assert name in str(metrics), name
    sql = host.USER.write(drilled.site.directory / "fails.sql", "select 1 / 0;\n")
    drilled.run("--sql", sql).expect(4, "division by zero", "your own checks")
    found, figures = check()
    assert found["status"] == "CRITICAL" and "division by zero" in found["text"] and not figures["ok"]
    drills = drilled.site.store.path / str(drilled.system_id) / "drill"
    shutil.move(drills, drilled.site.directory / "drills-away")
    try:
        drilled.site.walship.configure(drill_at="@weekly")
        found, figures = check()
        assert found["status"] == "CRITICAL" and "no drill" in found["text"] and figures["ok"] is None
    finally:
        drilled.site.walship.configure(drill_at=None)
        shutil.rmtree(drills, ignore_errors=True)
        shutil.move(drilled.site.directory / "drills-away", drills)
