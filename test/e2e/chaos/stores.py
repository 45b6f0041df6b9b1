"""Stores that fail: radosgw behind a bad network, the strict server with faults to order, a directory whose disk is full at times.

Each opener gives (store, faults). store: what harness.store.S3 has, and open_uploads(). faults: storm(rate), calm(), outage(seconds),
freeze(seconds), and a Counter, faults.
"""

import random
import threading
import time
from collections import Counter

from harness import certs, disk, host, radosgw, store
from harness.chaos_proxy import ChaosProxy
from harness.strict_s3 import StrictS3, random_faults
from harness.strict_s3_faults import PASSING

SLOW = "SlowDown, x-amz-retry-after"  # asks for more time than there is
# A call gives up at once, or at the end of its time: the archiver comes again, recovery stops.
FINAL = (SLOW, "403 no permission", "403 unknown key", "404 no bucket", "404 of a proxy", "429, Retry-After", "no answer")
# An object comes that cannot be what was stored.
DAMAGE = ("bit flipped", "length too short", "200 with an error", "200, malformed")
# More of these for uploads: a failure that looks like success, and a success that looks like failure.
MISLEADING = ("200 with an error", "answer lost")


class Radosgw(store.S3):
    def open_uploads(self):
        """How many uploads in parts nobody completed or aborted."""
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.server.bucket, Prefix=self.prefix + "/")
        return sum(len(page.get("Uploads", [])) for page in pages)


def behind_proxy(body_bytes):
    """A new server for each round, for this one does not give back what was deleted."""
    def open_store(seed, directory, stack):
        server = radosgw.Radosgw(host.USER.mkdir(directory / "s3"), certs.Authority(directory / "ca"), memory_mib=4096)
        stack.callback(server.stop)
        server.start()
        proxy = ChaosProxy(("127.0.0.1", server.tls_port), seed, body_bytes=body_bytes)
        stack.callback(proxy.stop)
        return Radosgw(directory, server, "chaos", proxy), proxy
    return open_store


class Strict:
    """The strict server as a store."""

    def __init__(self, directory, server, authority):
        self.server = server
        self.options = {**server.options(directory, host.USER), "s3-ca-file": authority.file}
        self.secrets = [server.secret_key.encode()]

    def list(self):
        return [key.removeprefix("pre/") for key in self.server.bucket.keys()]

    def open_uploads(self):
        return self.server.open_uploads


class StrictFaults:
    """What the strict server does to each request."""

    def __init__(self, server, seed):
        self.server = server
        self.faults = server.injected
        self._seed = seed
        self._until, self._all = 0.0, None
        self._storms = 0

    def storm(self, rate, damage=False):
        """rate: of faults that pass; a fortieth of it: of those that do not, damaged answers to GET among them if told so."""
        self._storms += 1
        seed = f"{self._seed} {self._storms}"
        dice = random.Random(seed)
        passing = random_faults(f"{seed} passing", rate, [name for name in PASSING if name != SLOW])
        final = random_faults(f"{seed} final", rate / 40, FINAL)
        damaged = random_faults(f"{seed} damaged", rate / 40 if damage else 0, DAMAGE)

        def choose(request):
            if time.monotonic() < self._until:
                return self._all
            if request.method == "GET":
                return damaged(request) or final(request) or passing(request)
            misleading = dice.choice(MISLEADING) if dice.random() < rate / 5 else None
            return misleading or final(request) or passing(request)
        self.server.faults = choose

    def calm(self):
        self._until = 0.0
        self.server.faults = []

    def outage(self, seconds):
        self._until, self._all = time.monotonic() + seconds, "reset"

    def freeze(self, seconds):
        self._until, self._all = time.monotonic() + seconds, "no answer"


def strict(seed, directory, stack):
    authority = certs.Authority(directory / "ca")
    server = stack.enter_context(StrictS3(host.USER.mkdir(directory / "s3"), tls=authority.issue("strict")))
    return Strict(directory, server, authority), StrictFaults(server, seed)


class DirectoryOnDisk(store.Directory):
    """What a killed walship left half-written counts as an upload that is open."""

    def list(self):
        return [name for name in super().list() if not name.endswith(".tmp")]

    def open_uploads(self):
        return len(super().list()) - len(self.list())


class DiskFaults:
    """A disk that is full, or read-only after an error. Readers must not notice."""

    TICK_S = 0.02

    def __init__(self, small, seed):
        self.disk, self.faults = small, Counter()
        self._random = random.Random(seed)
        self._until, self._forced = 0.0, None
        self._stopping, self._thread = threading.Event(), None

    def storm(self, rate):
        """rate: of the time, in which the disk has no room, or too little."""
        self.calm()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, args=(rate,), daemon=True)
        self._thread.start()

    def calm(self):
        self._stopping.set()
        if self._thread:
            self._thread.join(60)
        self._thread, self._until = None, 0.0

    def outage(self, seconds):
        self._forced, self._until = self._fill, time.monotonic() + seconds

    def freeze(self, seconds):
        self._forced, self._until = self._lock, time.monotonic() + seconds

    def _run(self, rate):
        while not self._stopping.is_set():
            seconds = self._random.expovariate(4)
            self._fault(self._fill, lambda end=time.monotonic() + seconds: time.monotonic() < end)
            end = time.monotonic() + seconds * (1 - rate) / rate
            while time.monotonic() < end and not self._stopping.wait(self.TICK_S):
                if time.monotonic() < self._until:
                    self._fault(self._forced, lambda: time.monotonic() < self._until)

    def _fault(self, begin, lasts):
        end = begin()
        while lasts() and not self._stopping.wait(self.TICK_S):
            pass
        end()

    def _fill(self):
        try:
            self.disk.squeeze(self._random.choice((0, 4096, 50_000, 300_000)))
        except OSError:  # somebody has written meanwhile
            return lambda: None
        self.faults["full"] += 1
        return self.disk.release

    def _lock(self):
        try:
            self.disk.set_read_only(True)
        except OSError:  # a file is open for writing
            return self._fill()
        self.faults["read-only"] += 1
        return lambda: self.disk.set_read_only(False)


def full_disk(seed, directory, stack):
    place = host.USER.mkdir(directory / "disk")
    small = disk.SmallDisk(place, 2 << 20, host.USER)
    stack.callback(small.remove)
    faults = DiskFaults(small, seed)
    stack.callback(faults.calm)
    return DirectoryOnDisk(place), faults
