"""PostgreSQL archives through walship and recovers through walship."""

import filecmp
import subprocess
import threading

import pytest

from harness import host, objects, postgres, wal


def fetch_all(site, into, system_id):
    """Every archived segment, fetched as a person would do it; returns their names."""
    names = [n.rsplit("/", 1)[1] for n in site.store.list() if n.startswith(f"{system_id}/")]
    segments = [n for n in names if len(n) == 24]
    for name in segments:
        site.run("fetch", name, into / name, "--system-id", system_id).expect(0)
    return segments


def check_waldump(cluster, directory, segments):
    """pg_waldump reads every record of a run of segments."""
    done = cluster.program("pg_waldump", "-q", "-p", directory, segments[0], segments[-1])
    assert b"error" not in done.stderr


def test_archive_under_load(site):
    """pgbench runs, PostgreSQL archives; the recovered cluster has every row, and every segment is as it was."""
    # wal_keep_size keeps the originals for the comparison.
    with site.primary(wal_keep_size="2GB") as primary:
        primary.start()
        primary.pgbench("-i", "-s", "2", "-q")
        backup = primary.basebackup(site.cluster("backup"))
        switching = threading.Thread(target=lambda: [primary.switch() for _ in range(5)])
        load = subprocess.Popen(primary.pgbench_argv("-n", "-c", "4", "-T", "5"), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=host.clean_env(), cwd="/", **host.USER.popen_args())
        try:
            switching.start()
            load.communicate(timeout=60)
        finally:
            load.kill()
            switching.join(60)
        assert load.returncode == 0
        rows = primary.rows()
        assert len(rows["pgbench_history"].splitlines()) > 100
        last = primary.archive_all()
        assert primary.archiver()[1] == 0
        system_id = primary.system_id()

        directory = site.scratch.directory("wal")
        segments = fetch_all(site, directory, system_id)
        assert segments[-1] == last and len(segments) >= 6
        same, other, missing = filecmp.cmpfiles(directory, primary.data / "pg_wal", segments, shallow=False)
        assert (other, missing) == ([], []) and len(same) == len(segments)
        check_waldump(primary, directory, segments)
        name = wal.object_name(system_id, segments[0])
        assert objects.open_object(site.store.get(name), name, site.walship.key) == (directory / segments[0]).read_bytes()
        primary.program("pg_verifybackup", "-w", directory, backup.data)

    with site.restored(backup) as restored:
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows


def rows_after_cat(site, backup, name, end):
    """Rows of a recovery with cat in restore_command, which ends with these words."""
    with site.restored(backup, name) as restored:
        restored.configure(archive_mode="off", restore_command=site.walship.command("cat", "%f", end))
        restored.expect(r"walship: (cat .*: no |hint: walship list)").start(wait=False)
        restored.wait_promoted()
        return restored.rows()


def test_cat_as_restore_command(dir_site):
    """Without >%p the file would go into the server's log, and recovery would end before the archive does."""
    site = dir_site
    with site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key, v text)")
        backup = primary.basebackup(site.cluster("backup"))
        primary.sql("insert into t select g, md5(g::text) from generate_series(1, 20000) g")
        rows = primary.rows()
        primary.archive_all()
    assert rows_after_cat(site, backup, "file", ">%p") == rows
    for name, settings in (("log", {}), ("collector", {"logging_collector": "on", "log_directory": site.directory, "log_filename": "collected.log"})):
        with site.restored(backup, name) as restored:
            restored.configure(restore_command=site.walship.command("cat", "%f"), **settings)
            restored.expect(r"FATAL: .*could not restore file .* child process exited with exit code 255", "walship: (cat|hint)",
                            r"startup process .* exited with exit code 1").start(wait=False)
            assert restored.wait_end() != 0 and (restored.data / "recovery.signal").exists()
            log = (site.directory / "collected.log" if settings else restored.log).read_text()
            assert "standard output is that of the PostgreSQL server" in log and "'walship fetch %f %p'" in log


@pytest.mark.heart
def test_point_in_time_and_timelines(site):
    """Recovery to a moment, on a new timeline; then recovery along that timeline with its history file."""
    with site.primary() as primary:
        primary.start()
        primary.sql("create table t (n int primary key, v text)")
        backup = primary.basebackup(site.cluster("backup"))
        primary.sql("insert into t select g, md5(g::text) from generate_series(1, 20000) g")
        rows = primary.rows()
        moment = primary.sql("select clock_timestamp()")
        primary.sql("drop table t; create table other (n int)")
        primary.archive_all()

    with site.restored(backup, recovery_target_time=moment, recovery_target_action="promote") as restored:
        restored.expect(postgres.LEFT_BEHIND)
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows
        assert restored.sql("select pg_walfile_name(pg_current_wal_lsn())").startswith("00000002")
        restored.sql("insert into t select g, 'on timeline 2' from generate_series(20001, 30000) g")
        rows = restored.rows()
        last = restored.archive_all()
        system_id = restored.system_id()
        stored = [n.rsplit("/", 1)[1] for n in site.store.list()]
        assert "00000002.history" in stored and last in stored and last.startswith("00000002")
        history = site.run("cat", "00000002.history", "--system-id", system_id).expect(0).out
        assert history == (restored.data / "pg_wal/00000002.history").read_bytes() and history.startswith(b"1\t0/")

    with site.restored(backup, "again") as again:
        again.start(wait=False)
        again.wait_promoted()
        assert again.rows() == rows
        assert again.sql("select pg_walfile_name(pg_current_wal_lsn())").startswith("00000003")
        again.archive_all()

    # The branch that was left can still be reached.
    with site.restored(backup, "left", recovery_target_timeline="1") as left:
        left.start(wait=False)
        left.wait_promoted()
        assert set(left.rows()) == {"other"}
        left.expect("00000004.history")


@pytest.mark.parametrize("megabytes", [1, 64])
def test_segment_size(site, megabytes):
    with site.primary("primary", f"--wal-segsize={megabytes}", min_wal_size=f"{2 * megabytes}MB") as primary:
        primary.start()
        primary.sql("create table t (n int, v text)")
        backup = primary.basebackup(site.cluster("backup"))
        for _ in range(2):
            primary.sql("insert into t select g, repeat(md5(g::text), 4) from generate_series(1, 60000) g")
            primary.switch()
        rows = primary.rows()
        last = primary.archive_all()
        system_id = primary.system_id()
        directory = site.scratch.directory("wal")
        segments = fetch_all(site, directory, system_id)
        assert segments[-1] == last
        assert {(directory / n).stat().st_size for n in segments} == {megabytes * wal.MIB}
        check_waldump(primary, directory, segments)
    with site.restored(backup) as restored:
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows


def test_two_clusters_in_one_repository(site):
    """The same segment names, one repository, one prefix: each gets back its own."""
    backups, rows = {}, {}
    for name in ("one", "two"):
        with site.primary(name) as primary:
            primary.start()
            primary.sql(f"create table t as select g, '{name}' as v from generate_series(1, 1000) g")
            backups[name] = primary.basebackup(site.cluster(f"backup-{name}"))
            primary.sql(f"insert into t select g, '{name} again' from generate_series(1, 1000) g")
            rows[name] = primary.rows()
            primary.archive_all()
    stored = site.store.list()
    systems = {n.split("/")[0] for n in stored}
    assert len(systems) == 2
    names = [{n.rsplit("/", 1)[1] for n in stored if n.startswith(each) and len(n.rsplit("/", 1)[1]) == 24} for each in systems]
    assert names[0] & names[1]
    for name, backup in backups.items():
        with site.restored(backup, f"restored-{name}") as restored:
            restored.start(wait=False)
            restored.wait_promoted()
            assert restored.rows() == rows[name]
            restored.wait_archived()


def test_backup_file(site):
    """pg_basebackup leaves a .backup file to archive; it comes back as it was."""
    with site.primary() as primary:
        primary.start()
        primary.basebackup(site.cluster("backup"))
        primary.archive_all()
        names = [n for n in site.store.list() if n.endswith(".backup")]
        assert len(names) == 1
        name = names[0].rsplit("/", 1)[1]
        assert names[0] == f"{primary.system_id()}/wal/{name[:16]}/{name}"
        dest = site.scratch.directory("dest") / "label"
        site.run("fetch", name, dest, cwd=primary.data).expect(0)
        assert dest.read_bytes() == (primary.data / "pg_wal" / name).read_bytes()
        assert dest.read_bytes().startswith(b"START WAL LOCATION")


@pytest.mark.heart
@pytest.mark.parametrize("words", [("%f", "%p"), ("push", "%p"), ("push", "%f"), ("push", "%f", "%p")], ids=" ".join)
def test_a_wrong_restore_command_stops_recovery(dir_site, words):
    """Exit codes of an archive_command would end recovery early: without the archived rows, and as a success."""
    site = dir_site
    with site.primary() as primary:
        primary.start()
        backup = primary.basebackup(site.cluster("backup"))
        primary.sql("create table t as select generate_series(1, 1000) n")
        rows = primary.rows()
        primary.archive_all()
    with site.restored(backup) as restored:
        restored.configure(restore_command=site.walship.command(*words))
        restored.expect("walship: ", r"FATAL:  could not restore file", r"startup process .* exited with exit code 1")
        restored.start(wait=False)
        assert restored.wait_end() != 0
        text = restored.log_text()
        assert "archive recovery complete" not in text and "ready to accept connections" not in text
        assert "from archive: child process exited with exit code 255" in text
        assert (restored.data / "recovery.signal").exists()
        restored.configure(restore_command=site.walship.command("fetch", "%f", "%p"))
        restored.start(wait=False)
        restored.wait_promoted()
        assert restored.rows() == rows
