"""A pg_wal with files that wait to be archived, and PostgreSQL's archiver as far as an archive_command sees it."""

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from . import host, objects, wal, walship

AHEAD = "pushed ahead by an earlier call"


def order(name):
    """As pgarch.c's ready_file_comparator: histories first, then by name."""
    return (not name.endswith(".history"), name)


@dataclass
class Call:
    """One archive_command that has ended. answered: by a note, nothing was sent."""
    name: str
    code: int
    err: str
    answered: bool


class Backlog:
    """Files in pg_wal with their .ready; calls push what is first, and what succeeds becomes .done."""

    def __init__(self, directory, walship, store, system_id):
        self.walship, self.store, self.system_id = walship, store, system_id
        self.data = Path(directory)
        self.wal = host.USER.mkdir(self.data / "pg_wal", 0o700)
        self.status = host.USER.mkdir(self.wal / "archive_status", 0o700)
        self.content = {}
        self.calls = []

    def add(self, name, content):
        host.USER.write(self.wal / name, content, 0o600)
        self.content[name] = content
        self.ready(name)

    def ready(self, name):
        host.USER.write(self.status / f"{name}.ready", b"", 0o600)

    def add_segments(self, count, first=1, *, timeline=1, size=wal.MIB, seed=0):
        names = [wal.segment_name(timeline, number, size) for number in range(first, first + count)]
        for name in names:
            self.add(name, wal.segment(self.system_id, name, size, seed))
        return names

    def waiting(self):
        return sorted((path.name.removesuffix(".ready") for path in self.status.glob("*.ready")
                       if path.name.removesuffix(".ready") in self.content), key=order)

    def argv(self, name):
        return ("-v", "push", f"pg_wal/{name}")

    def popen(self, name):
        return self.walship.popen(*self.argv(name), cwd=self.data)

    def call(self, name=None):
        """One call; as PostgreSQL does, a success is marked."""
        name = name or self.waiting()[0]
        done = self.walship.run(*self.argv(name), cwd=self.data)
        return self.ended(name, done.code, done.err)

    def ended(self, name, code, err):
        if code == 0:
            self.check(name)
            self.done(name)
        self.calls.append(Call(name, code, err, AHEAD in err))
        return self.calls[-1]

    def done(self, name):
        (self.status / f"{name}.ready").rename(self.status / f"{name}.done")

    def object(self, name):
        return wal.object_name(self.system_id, name)

    def stored(self, name):
        return objects.open_object(self.store.get(self.object(name)), self.object(name), self.walship.key)

    def check(self, name):
        """What was acknowledged is there, bit for bit."""
        assert self.stored(name) == self.content[name], f"{name} is acknowledged and is another one"

    def drain(self):
        """Until nothing waits; every call must succeed. Returns the calls."""
        calls = []
        while self.waiting():
            calls.append(self.call())
            assert calls[-1].code == 0, calls[-1]
        return calls

    @property
    def notes(self):
        return Path(self.walship.options["spool"]) / f"push-{self.system_id}-{self.wal.stat().st_dev}-{self.wal.stat().st_ino}"

    def noted(self):
        """Names with a note that is more than a reservation."""
        if not self.notes.exists():
            return []
        return sorted(path.name for path in self.notes.iterdir() if path.read_bytes().strip())

    def left(self):
        return sorted(path.name for path in self.notes.iterdir()) if self.notes.exists() else []

    def lose_spool(self):
        for path in Path(self.walship.options["spool"]).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class StrictStore:
    """The strict server's bucket, as Backlog looks into a store."""

    kind = "strict"

    def __init__(self, server):
        self.server = server

    def get(self, name):
        return self.server.bucket.get(f"pre/{name}")

    def list(self):
        return [key.removeprefix("pre/") for key in self.server.bucket.keys()]


def on_strict(scratch, program, server, system_id=7601921254259666965, **options):
    """A backlog and a walship on the strict server."""
    directory = scratch.directory()
    options = {name.replace("_", "-"): value for name, value in options.items()}
    made = walship.Walship(program, directory, {**server.options(directory, host.USER), "push-timeout": "10s", **options},
                           secrets=[server.secret_key.encode()])
    return Backlog(scratch.directory("data"), made, StrictStore(server), system_id)


def side_by_side(*drains):
    """Runs them at once; the first failure is raised."""
    failures = []

    def run(drain):
        try:
            drain()
        except BaseException as failure:  # pylint: disable=broad-exception-caught
            failures.append(failure)
    threads = [threading.Thread(target=run, args=(drain,)) for drain in drains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
