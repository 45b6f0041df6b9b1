"""Shared by the measurements of streaming: a repository with its walship, servers beside it, and a stream or pg_receivewal."""

import contextlib
import os
import re
import signal
import subprocess
import time

from harness import host, postgres, walship

from . import measure, tools

OPEN = "LOG:  database system is ready to accept connections"


class Site:
    """A directory with a walship that is configured for a new place in a store. Its end also ends all processes that it started."""

    def __init__(self, directory, program, place, **options):
        self.directory, self.place = host.USER.mkdir(directory), place
        place.begin()
        self.walship = walship.Walship(program, self.directory, {**place.walship(), **options})
        self.streams = []

    def cluster(self, name, **settings):
        return postgres.Cluster(self.directory, name).configure(**settings)

    def run(self, *args, timeout=1800):
        """Seconds of one call."""
        begin = time.monotonic()
        done = host.run(self.walship.argv(*args), timeout=timeout, check=False, cwd=self.directory)
        if done.returncode != 0:
            raise measure.ToolFailed(f"walship {' '.join(map(str, args))}\n{(done.stdout + done.stderr).decode(errors='replace')[-3000:]}")
        return time.monotonic() - begin

    def stream(self, cluster, *options):
        """Starts walship stream, and returns once the server sends to it."""
        self.walship.configure(pg_conninfo=cluster.connection_string())
        log = self.directory / "stream.log"
        with open(log, "ab") as out:
            process = self.walship.popen("stream", *options, stdout=out, stderr=out, start_new_session=True)
        self.streams.append(process)
        wait_receiver(cluster, "walship", process, log)
        return process

    def processes(self):
        """All processes of walship in this directory, in the background too."""
        return tools.processes(str(self.walship.program), str(self.directory))

    def end(self):
        kill(self.processes())
        for process in self.streams:
            process.wait(30)
        host.wait_for(lambda: not self.processes(), "walship's processes end")
        self.place.end()
        host.run(["rm", "-rf", self.directory])


def kill(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_receiver(cluster, name, process, log):
    def streams():
        if process.poll() is not None:
            raise measure.ToolFailed(f"{name} ended\n{log.read_text(errors='replace')[-3000:]}")
        return cluster.sql(f"select count(*) from pg_stat_replication where application_name = '{name}' and state = 'streaming'") == "1"
    host.wait_for(streams, f"{name} receives WAL", 60)


@contextlib.contextmanager
def streaming(site, cluster, *options):
    """Runs walship stream, and drops its slot at the end, so that the next stream can create it. Yields the process."""
    process = site.stream(cluster, *options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
        with contextlib.suppress(AssertionError):
            cluster.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active")


@contextlib.contextmanager
def receiving(cluster, directory, *options):
    """Runs pg_receivewal, which writes to the same disk. Yields the process."""
    target = host.USER.mkdir(directory / "received")
    log = directory / "receivewal.log"
    with open(log, "ab") as out:
        process = host.Popen([host.PG_BIN / "pg_receivewal", "-D", target, "-d", cluster.connection_string(), *options], stdin=subprocess.DEVNULL,
                             stdout=out, stderr=out, cwd="/", env=host.clean_env())
    try:
        wait_receiver(cluster, "pg_receivewal", process, log)
        yield process
    finally:
        process.terminate()
        process.wait(60)
        host.run(["rm", "-rf", target])


@contextlib.contextmanager
def synchronous(cluster, name):
    """Makes commits wait for this receiver."""
    set_synchronous(cluster, name)
    try:
        host.wait_for(lambda: cluster.sql("select sync_state from pg_stat_replication") == "sync", f"{name} is synchronous")
        yield
    finally:
        set_synchronous(cluster, "")


def set_synchronous(cluster, name):
    for text in (f"alter system set synchronous_standby_names = '{name}'", "select pg_reload_conf()"):
        cluster.sql(f"set synchronous_commit = local; {text}" if text.startswith("select") else text)
    host.wait_for(lambda: cluster.sql("show synchronous_standby_names") == name, "synchronous_standby_names is set")


def transactions(cluster, clients, seconds, *options):
    """Transactions a second, by pgbench."""
    done = cluster.pgbench("-n", "-c", clients, "-j", min(clients, 2), "-T", seconds, *options, timeout=seconds + 120)
    return float(re.search(rb"^tps = ([\d.]+)", done.stdout, re.M)[1])


def peak_kib(pid):
    """VmHWM, which the kernel keeps."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M)[1])


def recover(cluster, timeout=1800, **settings):
    """Seconds from the start of a restored server until it takes writes."""
    with open(cluster.data / "postgresql.auto.conf", "a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in {"archive_mode": "off", "hot_standby": "off", **settings}.items())
    cluster.log.unlink(missing_ok=True)
    begin = time.monotonic()
    cluster.start_restored(wait=False)
    while OPEN not in cluster.log_text():
        if not cluster.server.alive or time.monotonic() - begin > timeout:
            raise measure.ToolFailed(f"the server does not open\n{cluster.log_text()[-3000:]}")
        time.sleep(0.005)
    return time.monotonic() - begin
