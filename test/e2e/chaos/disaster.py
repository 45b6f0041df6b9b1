"""What happens to processes: pushes are killed at random moments, the whole server now and then."""

import os
import random
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path



class Killer:
    """Kills walship below the archiver of one server, and at times the archive_command around it. Nothing else."""

    def __init__(self, cluster, seed, *, share):
        self.cluster, self.share = cluster, share
        self.kills = Counter()
        self.command_too = threading.Event()
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def stop(self):
        self._stopping.set()
        self._thread.join(60)

    def _run(self):
        """Each push is looked at once: it is let live, or has some time left."""
        seen = None
        while not self._stopping.wait(0.004):
            command, push = self._find()
            if push is None or push == seen:
                continue
            seen = push
            if self._random.random() < self.share or self.command_too.is_set():
                self._kill(command, push)

    def _kill(self, command, push):
        """By descriptors that stand for these processes, whoever gets their numbers later."""
        with ExitStack() as stack:
            try:
                handles = [hold(pid, stack) for pid in (command, push)]
                if self._find() != (command, push):
                    return
                self._wait()
                both = self.command_too.is_set()
                for handle in handles if both else handles[1:]:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                self.kills["archive_command" if both else "push"] += 1
                self.command_too.clear()
            except ProcessLookupError:
                self.kills["too late"] += 1

    def _wait(self):
        """Most pushes take less than 0.1 s; those that met a fault take seconds."""
        short = self._random.random() < 0.7
        time.sleep(self._random.uniform(0, 0.08) if short else min(3, self._random.expovariate(3)))

    def _find(self):
        """(archive_command, walship) that the archiver runs now, or (None, None)."""
        server = self.cluster.server
        for archiver in children(server.process.pid if server else 0):
            if "archiver" in title(archiver):
                return find_push(archiver)
        return None, None


class Restarts:
    """The server ends at once, as in a crash, and starts again; before it, sometimes, the archiver's command is killed."""

    def __init__(self, cluster, killer, ledger, seed, *, every_s):
        self.cluster, self.killer, self.ledger, self.every_s = cluster, killer, ledger, every_s
        self.count = 0
        self._random = random.Random(seed)

    def wait(self):
        """Seconds until the next one."""
        return self._random.uniform(0.6, 1.4) * self.every_s

    def happen(self):
        if self._random.random() < 0.5:
            self.killer.command_too.set()
            time.sleep(self._random.uniform(0.5, 2.5))
        else:
            self._wait_acknowledged(2)
        self.cluster.stop(signal.SIGQUIT)
        self.cluster.start()
        self.killer.command_too.clear()
        self.count += 1


    def _wait_acknowledged(self, seconds):
        """The moment before PostgreSQL notes that a file is archived."""
        before, end = len(self.ledger.names()), time.monotonic() + seconds
        while len(self.ledger.names()) == before and time.monotonic() < end:
            time.sleep(0.005)


class Storms:
    """The store is out of reach, or silent, for every client at once."""

    def __init__(self, proxy, seed, *, every_s, longest_s):
        self.proxy, self.every_s, self.longest_s = proxy, every_s, longest_s
        self._random = random.Random(seed)

    def wait(self):
        return self._random.uniform(0.5, 1.5) * self.every_s

    def happen(self, seconds=None):
        """Mostly short; one in six is longer than a client waits."""
        if seconds is None:
            seconds = self._random.uniform(0.2, 2) if self._random.random() < 5 / 6 else self.longest_s
        self._random.choice((self.proxy.outage, self.proxy.freeze))(seconds)


def hold(pid, stack):
    """A descriptor of a process, until the stack is closed."""
    handle = os.pidfd_open(pid)
    stack.callback(os.close, handle)
    return handle


def children(pid):
    """/proc's own list; the process's threads are one, for PostgreSQL and a shell have no more."""
    return [int(n) for n in read(f"/proc/{pid}/task/{pid}/children").split()]


def find_push(pid):
    """(parent, walship) somewhere below a process: some shells run their last command in their own place, some do not."""
    for child in children(pid):
        found = (pid, child) if name(child) == "walship" else find_push(child)
        if found != (None, None):
            return found
    return None, None


def title(pid):
    return read(f"/proc/{pid}/cmdline")


def name(pid):
    return read(f"/proc/{pid}/comm").strip()


def read(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def let_happen(seconds, restarts, storms, stopping):
    """The time of chaos: restarts of the server, and the store out of reach now and then. The event ends the run."""
    end = time.monotonic() + seconds
    restart_at = time.monotonic() + restarts.wait()
    storm_at = time.monotonic() + storms.wait()
    while (now := time.monotonic()) < end:
        if now >= restart_at:
            restarts.happen()
            restart_at = time.monotonic() + restarts.wait()
        if now >= storm_at:
            storms.happen()
            storm_at = time.monotonic() + storms.wait()
        if stopping.wait(min(0.05, max(0, end - now))):
            raise InterruptedError("the run was ended from outside")
    assert restarts.cluster.server.alive, "the server ended by itself"
