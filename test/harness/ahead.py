"""A cluster's recovery as calls of `walship fetch`, and the process that fetches ahead of it, seen from outside."""

import os
import shutil
import signal
import threading
from pathlib import Path

from . import host, objects, wal

MIB = 1 << 20


def names(count, first=1, timeline=1, size=MIB):
    return [wal.segment_name(timeline, number, size) for number in range(first, first + count)]


class Recovery:
    """Asks for segments as PostgreSQL does: one after the other, each into pg_wal/RECOVERYXLOG of its data directory."""

    def __init__(self, directory, walship, put, system_id):
        self.walship, self.put, self.system_id = walship, put, system_id
        self.data = host.USER.mkdir(Path(directory) / f"data-{system_id}", 0o700)
        host.USER.mkdir(self.data / "pg_wal", 0o700)
        self.dest = self.data / "pg_wal/RECOVERYXLOG"
        self.from_spool = 0
        self.content = {}

    @property
    def spool(self):
        return Path(self.walship.options["spool"])

    @property
    def directory(self):
        return self.spool / f"fetch-{self.system_id}"

    def archive(self, some, size=MIB):
        """Segments, behind walship's back; returns their names."""
        for name in some:
            self.content[name] = wal.segment(self.system_id, name, size)
            where = wal.object_name(self.system_id, name)
            self.put(where, objects.make_object(self.content[name], where, self.walship.key, objects.NONE))
        return list(some)

    def args(self, name, *more):
        return ("fetch", name, "pg_wal/RECOVERYXLOG", "--system-id", self.system_id, "-v", *more)

    def ask(self, name, *more, **kwargs):
        done = self.walship.run(*self.args(name, *more), cwd=self.data, **kwargs)
        self.from_spool += "prefetched and verified" in done.err
        return done

    def fetch(self, *some, **kwargs):
        """Every one of them is there, and right."""
        for name in some:
            self.dest.unlink(missing_ok=True)
            done = self.ask(name, **kwargs)
            assert done.code == 0, f"{name}: exit {done.code}, {done.err}"
            assert self.dest.read_bytes() == self.content[name], f"{name} differs"
        return self

    def waiting(self):
        """Names of the segments in the spool."""
        try:
            return sorted(each for each in os.listdir(self.directory) if len(each) == 24)
        except FileNotFoundError:
            return []

    def wait_for_spool(self, some):
        some = sorted(some)
        host.wait_for(lambda: self.waiting() == some, lambda: f"{some} wait in the spool, there is {self.waiting()}", 20)

    def workers(self):
        return workers(self.directory)

    def worker(self):
        """The process that fetches ahead; there must be one. (One more may just be seeing that it is.)"""
        host.wait_for(lambda: len(self.workers()) == 1, lambda: f"one fetches ahead: {self.workers()}", 10)
        return self.workers()[0]

    def listens(self):
        """Whether the process that fetches ahead has opened its pipe, which calls write to."""
        try:
            os.close(os.open(self.directory / "wanted", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def wait_for_end(self, timeout=20):
        host.wait_for(lambda: not self.workers(), lambda: f"{self.workers()} end", timeout)


def workers(directory):
    """Processes that have a folder's lock open: those who fetch ahead, or are about to see that another one does."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) == f"{directory}/lock" for fd in (process / "fd").iterdir()) and host.exists(process.name):
                found.append(int(process.name))
        except OSError:
            continue  # it has ended
    return found


def lose(spool):
    """Whatever is just being written there."""
    host.wait_for(lambda: shutil.rmtree(spool, ignore_errors=True) or not Path(spool).exists(), "the spool goes", 10)


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # was faster


class Watch:
    """A thread that looks again and again, and keeps the largest value that it saw. A context manager."""

    def __init__(self, look):
        self.look, self.largest, self.looks = look, 0, 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.wait(0.002):
            self.largest = max(self.largest, self.look())
            self.looks += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


def bytes_in(directory):
    """Of all that lies there, under whatever name."""
    total = 0
    try:
        for each in os.scandir(directory):
            try:
                total += each.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                pass  # gone meanwhile
    except FileNotFoundError:
        pass
    return total
