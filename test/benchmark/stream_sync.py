"""Commits that wait for the store, beside pg_receivewal --synchronous, and the server alone."""

import contextlib
import signal
from collections import defaultdict

from harness import postgres

from . import streamed
from .report import spread, table

HEADING = "## Streaming: synchronous commits"
ABOUT = """Transactions a second of `pgbench -N` at scale {scale}, for {seconds} s each, with fsync, on a server whose commits wait for a
receiver: `walship stream` with `stream-interval = 0s` into S3, without and with 30 ms to the store, and `pg_receivewal --synchronous`
to the same local disk. The last column is the server without a receiver. S3 and the server share the processors."""
CLIENTS = (1, 8, 64)
SETTINGS = {"archive_mode": "on", "archive_command": "/bin/true", "fsync": "on", "max_connections": "100", "shared_buffers": "256MB",
            "max_wal_size": "8GB", "autovacuum": "off"}
WAYS = {"walship": "walship, S3", "walship far": "walship, S3, 30 ms", "pg_receivewal": "pg_receivewal --synchronous", "alone": "no receiver"}


class Sync:
    """results[(way, clients)] is a list of transactions a second."""

    def __init__(self, bench, program, places, say):
        self.given, self.directory, self.say = bench.given, bench.directory, say
        self.program, self.places = program, places
        self.scale, self.seconds = (2, 2) if bench.given.quick else (20, 20)
        self.results = defaultdict(list)

    def run(self):
        with contextlib.ExitStack() as stack:
            sites = {}
            for way, place in (("walship", "s3"), ("walship far", "far")):
                sites[way] = streamed.Site(self.directory / f"sync-{place}", self.program, self.places[place], **{"stream-interval": "0s"})
                stack.callback(sites[way].end)
            cluster = postgres.Cluster(self.directory, "sync").initdb().configure(**SETTINGS).start()
            stack.callback(cluster.remove)
            stack.callback(cluster.stop, signal.SIGQUIT)
            cluster.pgbench("-i", "-q", "-s", self.scale, timeout=600)
            ways = list(WAYS)
            for number in range(self.given.rounds):
                turn = number % len(ways)
                for way in ways[turn:] + ways[:turn]:
                    with self._receiver(cluster, sites, way):
                        self._measure(cluster, way)

    @contextlib.contextmanager
    def _receiver(self, cluster, sites, way):
        if way == "alone":
            yield
            return
        made = streamed.receiving(cluster, self.directory, "--synchronous") if way == "pg_receivewal" else streamed.streaming(sites[way], cluster)
        with made, streamed.synchronous(cluster, "walship" if way in sites else way):
            yield

    def _measure(self, cluster, way):
        for clients in CLIENTS:
            cluster.sql("set synchronous_commit = local; checkpoint")
            value = streamed.transactions(cluster, clients, self.seconds, "-N")
            self.results[way, clients].append(value)
            self.say(f"synchronous commits, {WAYS[way]}, {clients} clients: {value:.0f} transactions a second")

    def section(self, about):
        rows = [[str(clients), *(spread(self.results[way, clients], 0) for way in WAYS)] for clients in CLIENTS]
        return about(HEADING, ABOUT.format(scale=self.scale, seconds=self.seconds)) + table(["clients", *WAYS.values()], rows)
