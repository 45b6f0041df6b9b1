"""PostgreSQL recovers while a process fetches ahead of it: the right data, to the right end, and a server that goes on."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness import ahead, host, postgres

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root sees whose files a process without cores has open")
SMALL = {"min_wal_size": "2MB", "max_wal_size": "64MB", "wal_keep_size": "0"}


@pytest.fixture(autouse=True)
def all_end(request):
    site = request.getfixturevalue("site" if "site" in request.fixturenames else "dir_site")
    yield
    found = [pid for directory in Path(site.walship.options["spool"]).glob("fetch-*") for pid in ahead.workers(directory)]
    ahead.lose(site.walship.options["spool"])
    host.wait_for(lambda: not any(map(host.exists, found)), f"{found} end", 10)


def grow(cluster, segments, table="t"):
    """So many segments of 1 MB, archived; every row has another content."""
    for _ in range(segments):
        cluster.sql(f"insert into {table} select g, md5(random()::text) from generate_series(1, 4000) g")
        cluster.switch()
    cluster.wait_archived()
    return cluster


def begun(site, name="primary"):
    """A primary with small segments and an empty table, and its backup."""
    primary = site.primary(name, "--wal-segsize=1", **SMALL)
    primary.start()
    primary.sql("create table t (n int, v text)")
    return primary, primary.basebackup(site.cluster("backup"))


def verbose(site):
    """What comes from the spool is seen in the server's log."""
    return {"restore_command": site.walship.command("-v", "fetch", "%f", "%p"), **SMALL}


def restored(site, backup, name="restored", signal_file="recovery.signal", **settings):
    made = site.restored(backup, name, signal_file)
    made.configure(**verbose(site), **settings)
    return made.expect(r"walship: (fetch|push) ")


def from_spool(cluster):
    return re.findall(r"walship: fetch (\w+): prefetched and verified", cluster.log_text())


def directory_of(site, cluster):
    return Path(site.walship.options["spool"]) / f"fetch-{cluster.system_id()}"


def assert_nothing_of_ours(cluster):
    """In a data directory, and in what pg_basebackup takes from it."""
    found = [each for each in cluster.data.rglob("*")
             if re.search(r"walship|fetch-\d|\.part$|^identity$|^wanted$|^last$|^lock$", each.name) or each.is_fifo()]
    assert not found, found


def test_a_backlog(site):
    primary, backup = begun(site)
    with primary:
        rows = grow(primary, 40).rows()
        last = primary.control("Latest checkpoint's TimeLineID")
        assert last == "1"
    with restored(site, backup) as cluster:
        cluster.start(wait=False)
        cluster.wait_promoted()
        assert cluster.rows() == rows
        served = from_spool(cluster)
        asked = re.findall(r'restored log file "(\w{24})" from archive', cluster.log_text())
        print(f"{len(served)} of {len(set(asked))} segments from the spool")
        assert len(served) >= 30 and len(set(asked)) >= 40
        # To the end: exactly what the archive had.
        stored = sorted(n[-24:] for n in site.store.list() if re.search(r"/00000001\w{16}$", n))
        assert max(asked) == stored[-1]
        assert_nothing_of_ours(cluster)
        copy = cluster.basebackup(site.cluster("copy"))
        assert_nothing_of_ours(copy)


def test_points_in_time_across_a_timeline(site):
    """To the old timeline's end, to the new one's, and to a moment of each."""
    primary, backup = begun(site)
    with primary:
        first = grow(primary, 12).rows()
        moment = primary.sql("select clock_timestamp()")
        left = grow(primary, 12).rows()
    with restored(site, backup, "branch", recovery_target_time=moment, recovery_target_action="promote") as branch:
        branch.expect(postgres.LEFT_BEHIND)
        branch.start(wait=False)
        branch.wait_promoted()
        assert branch.rows() == first and from_spool(branch)
        middle = grow(branch, 8).rows()
        later = branch.sql("select clock_timestamp()")
        newest = grow(branch, 8).rows()
    wanted = {"latest": (newest, {}), "old": (left, {"recovery_target_timeline": "1"}),
              "moment": (middle, {"recovery_target_time": later, "recovery_target_action": "promote"}),
              "old-moment": (first, {"recovery_target_time": moment, "recovery_target_timeline": "1",
                                     "recovery_target_action": "promote"})}
    for name, (rows, settings) in wanted.items():
        settings = {"recovery_target_timeline": "2", **settings}
        with restored(site, backup, name, archive_mode="off", **settings) as cluster:
            cluster.start(wait=False)
            cluster.wait_promoted()
            assert cluster.rows() == rows, name
            assert from_spool(cluster), name


def test_a_standby_follows(site):
    """Behind by many segments, then segment by segment, then promoted."""
    primary, backup = begun(site)
    with primary:
        grow(primary, 20)
        with restored(site, backup, "standby", "standby.signal") as standby:
            standby.start()
            for count in (0, 1, 1, 5):
                rows = grow(primary, count).rows()
                host.wait_for(lambda: standby.rows() == rows, lambda: f"it follows: {standby.log_text()[-1500:]}", 30)
            assert len(from_spool(standby)) >= 15
            primary.stop()
            standby.promote()
            assert grow(standby, 2).rows() != rows
            assert_nothing_of_ours(standby)


def test_pg_rewind(dir_site):
    """restore_target_wal while a process fetches ahead for the same cluster."""
    site = dir_site
    settings = {**SMALL, "max_wal_size": "4MB"}
    primary, backup = begun(site)
    with primary:
        primary.configure(**settings)
        with restored(site, backup, "standby", "standby.signal") as standby:
            # The old primary asks it for WAL before it looks into the archive.
            standby.configure(max_wal_size="4MB").expect("requested WAL segment .* has already been removed").start()
            rows = grow(primary, 12).rows()
            host.wait_for(lambda: standby.rows() == rows, "it follows", 30)
            split = primary.sql("select pg_walfile_name(pg_current_wal_lsn())")
            standby.promote()
            grow(standby, 4)
            for _ in range(6):
                grow(primary, 3).sql("checkpoint")
            primary.sql("checkpoint")
            primary.configure(restore_command=site.walship.command("fetch", "%f", "%p"), max_wal_size="4MB")
            primary.stop()
            primary.start()
            primary.sql("checkpoint")
            primary.stop()
            assert not (primary.data / "pg_wal" / split).exists()
            recovery = ahead.Recovery(site.directory, site.walship, None, primary.system_id())
            if not recovery.workers():  # the one of the standby's recovery ends some time after its last question
                for name in ahead.names(3, first=2):
                    recovery.ask(name)
            assert recovery.workers(), "a process fetches ahead"
            standby.sql("checkpoint")
            primary.program("pg_rewind", "-D", primary.data, "--source-server", standby.connection_string(), "--no-sync", "-c")
            assert_nothing_of_ours(primary)
            primary.configure(primary_conninfo=standby.connection_string(), recovery_target_timeline="latest")
            primary.signal_file("standby.signal").start()
            rows = grow(standby, 3).rows()
            host.wait_for(lambda: primary.rows() == rows, "the old primary follows", 30)
            primary.expect(r"FATAL:  could not (receive|send|connect)", r"FATAL:  terminating walreceiver",
                           r"FATAL:  streaming replication", "replication terminated")


@pytest.mark.parametrize("stops", [False, True], ids=["standby", "recovery"])
def test_an_outage_in_the_middle(site, stops):
    """A standby asks again; a recovery stops, and does not take it for the end."""
    site.walship.configure(fetch_timeout="2s", fetch_ahead="3MiB")
    primary, backup = begun(site)
    with primary:
        rows = grow(primary, 20).rows()
    # Each segment takes a while, so that the outage meets a process that is alive.
    slow = site.walship.command("-v", "fetch", "%f", "%p") + "; code=$?; sleep 0.2; exit $code"
    signal_file = "recovery.signal" if stops else "standby.signal"
    with restored(site, backup, signal_file=signal_file) as cluster:
        cluster.configure(restore_command=slow).start(wait=False)
        host.wait_for(lambda: len(from_spool(cluster)) >= 2, "something came from the spool", 30)
        site.store.go_away()
        try:
            cluster.expect("walship: ", "FATAL:", "startup process .* exited with exit code 1")
            if stops:
                assert cluster.wait_end() != 0
                assert "archive recovery complete" not in cluster.log_text()
            else:
                host.wait_for(lambda: "walship: hint: " in cluster.log_text(),
                              lambda: f"it is told: {cluster.log_text()[-1500:]}", 30)
        finally:
            site.store.come_back()
        if stops:
            cluster.start(wait=False)
            cluster.wait_promoted()
        else:
            cluster.wait_open()
            host.wait_for(lambda: cluster.sql("select to_regclass('t')") and cluster.rows() == rows, "it follows", 30)
        assert cluster.rows() == rows


class FirstProcess:
    """A cluster's server as process 1 of a PID namespace, as in its container."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.directory = cluster.directory

    def start(self):
        settings = {**self.cluster.settings, "unix_socket_directories": f"'{self.cluster.sockets}'",
                    "port": str(self.cluster._port())}
        host.USER.write(self.cluster.data / "postgresql.auto.conf", "".join(f"{k} = {v}\n" for k, v in settings.items()), 0o600)
        (self.cluster.data / "postmaster.pid").unlink(missing_ok=True)
        self.server = self.cluster.server = host.Server(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "setpriv", *host.USER.setpriv_args(),
             host.PG_BIN / "postgres", "-D", self.cluster.data], self.cluster.log, cwd=self.cluster.data)
        return self

    def pid(self):
        """From outside."""
        outer = self.server.process.pid
        return int(Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0])

    def stop(self, by=signal.SIGINT):
        if self.server.alive:
            os.kill(self.pid(), by)
            self.server.process.wait(60)


def test_the_server_as_process_1(dir_site):
    """It is the parent of whoever lost its own. The death of the one that fetches ahead is not a backend's crash to it."""
    site = dir_site
    if subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], check=False).returncode != 0:
        pytest.skip("no PID namespaces here")
    primary, backup = begun(site)
    with primary:
        grow(primary, 12)
        with restored(site, backup, "standby", "standby.signal") as standby:
            first = FirstProcess(standby).start()
            try:
                standby.wait_open()
                rows = primary.rows()
                host.wait_for(lambda: standby.rows() == rows, "it follows", 30)
                worker, = ahead.workers(directory_of(site, standby))
                assert ahead.parent(ahead.parent(worker)) == first.pid()
                ahead.kill(worker)
                host.wait_for(lambda: not host.exists(worker), "it is dead")
                rows = grow(primary, 6).rows()
                host.wait_for(lambda: standby.rows() == rows, "it follows", 30)
                assert len(ahead.workers(directory_of(site, standby))) == 1
                assert "terminat" not in standby.log_text()
                # The fetch that goes on while the server stops is its child once the startup process is gone, and dies as that one does.
                standby.expect("terminated by signal 15")
            finally:
                first.stop()

        # Without a process in between: the same death ends every backend.
        with restored(site, backup, "other", "standby.signal") as other:
            mark = site.scratch.directory("mark") / "pid"
            other.configure(restore_command=f"test -s {mark} || setsid sh -c 'echo $$ > {mark}; exec sleep 600' "
                            f"> /dev/null 2>&1 < /dev/null & exec {site.walship.command('fetch', '%f', '%p')}")
            first = FirstProcess(other).start()
            try:
                other.wait_open()
                sleeper = host.wait_for(lambda: sleepers(first.pid()), "it sleeps")[0]
                ahead.kill(sleeper)
                other.expect("terminated by signal (9|15)", "FATAL:", "WARNING:")
                host.wait_for(lambda: "terminating any other active server processes" in other.log_text(),
                              "the server takes it for a crash")
            finally:
                # A fast shutdown right after a crash may wait for ever for the checkpointer.
                first.stop(signal.SIGQUIT)


def sleepers(pid):
    """Its children that sleep."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if name_of(child) == "sleep"]


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None  # it has ended
