"""A machine with little memory: a memory cgroup, version 1 or 2, that processes are started in; and its sudden end."""

import contextlib
import os
import signal
import threading
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class SmallMachine:
    """Runs from `with` to its end. What is started within inside() belongs to it, with all its children."""

    def __init__(self, memory_bytes):
        self.memory_bytes = memory_bytes
        self.is_v2 = (ROOT / "cgroup.controllers").exists()
        self.place = (ROOT if self.is_v2 else ROOT / "memory") / f"walship-test-{os.getpid()}"
        self.peak_rss = 0
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._sample, daemon=True)

    @staticmethod
    def refusal():
        """Why there can be none here, or None."""
        if os.geteuid() != 0:
            return "not root"
        if (ROOT / "cgroup.controllers").exists():
            return None if "memory" in (ROOT / "cgroup.subtree_control").read_text() else "no memory controller for cgroups"
        return None if os.access(ROOT / "memory/cgroup.procs", os.W_OK) else "no memory cgroup that can be written"

    def __enter__(self):
        self.place.mkdir()
        limits = ["memory.max"] if self.is_v2 else ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]
        for name in limits:
            if (self.place / name).exists():
                (self.place / name).write_text(str(self.memory_bytes))
        if self.is_v2:
            (self.place / "memory.swap.max").write_text("0")
        self._watch.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._watch.join(10)
        self.kill()
        self.place.rmdir()

    @contextlib.contextmanager
    def inside(self):
        """This process is in the machine meanwhile, and what it starts stays there."""
        home = self.home()
        (self.place / "cgroup.procs").write_text(str(os.getpid()))
        try:
            yield
        finally:
            home.write_text(str(os.getpid()))

    def home(self):
        """Where this process came from: its line of proc(5), cgroup."""
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == ("" if self.is_v2 else "memory") and (self.place.parent / path.lstrip("/") / "cgroup.procs").exists():
                return self.place.parent / path.lstrip("/") / "cgroup.procs"
        return self.place.parent / "cgroup.procs"

    def processes(self):
        return [int(line) for line in (self.place / "cgroup.procs").read_text().split()]

    def kill(self):
        """As if the power went: every process of the machine, and no other. None of them sees another one end."""
        stopped = set()
        while pids := set(self.processes()) - stopped:
            self._signal(pids, signal.SIGSTOP)
            stopped |= pids
        while pids := self.processes():
            self._signal(pids, signal.SIGKILL)
            self._ended.wait(0.05)
        return len(stopped)

    @staticmethod
    def _signal(pids, number):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def out_of_memory(self):
        """How many processes the kernel has killed for want of memory."""
        text = (self.place / ("memory.events" if self.is_v2 else "memory.oom_control")).read_text()
        return int(dict(line.split() for line in text.splitlines())["oom_kill"])

    def _sample(self):
        """The most memory that processes had, without the page cache, which always fills the limit."""
        name = "anon" if self.is_v2 else "total_rss"
        while not self._ended.wait(0.1):
            stat = dict(line.split() for line in (self.place / "memory.stat").read_text().splitlines())
            self.peak_rss = max(self.peak_rss, int(stat[name]))
