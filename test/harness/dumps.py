"""walship dump as a test calls it, with databases to dump and a proof that they come back."""

import contextlib
import json

from . import host, postgres

# Names that a shell, SQL, a connection string or a command line could take for something else.
ODD_NAMES = ("it's \"quoted\"", "two words", "données 数据", "-leading", "back\\slash", "a=b dbname=postgres", "list")


# What the server logs when its client goes away or may not do something, which the tests want.
EXPECTED = ("connection to client lost", "could not send data", "canceling statement", "terminating connection", "STATEMENT", "permission denied",
            "password authentication failed", "Connection matched")


@contextlib.contextmanager
def dumped_server(directory):
    """A server that does not archive, with two databases of some rows each."""
    with postgres.Cluster(directory, "source").initdb() as server:
        server.configure(archive_mode="off", wal_level="minimal", max_wal_senders="0", max_locks_per_transaction="1000").start()
        server.expect(*EXPECTED)
        for name in ("app", "shop"):
            server.sql(f"create database {name}")
            Dumps.sql(server, name, "create table numbers as select n, repeat('text ' || n, 20) as words from generate_series(1, 3000) n")
        yield server


@contextlib.contextmanager
def noisy_database(server, name="noise"):
    """A database of 4 MB that does not compress well."""
    server.sql(f"create database {name}")
    Dumps.sql(server, name, "create table noise as select md5(n::text) || md5((n + 1)::text) as a from generate_series(1, 60000) n")
    yield name
    server.sql(f"drop database {name} with (force)")


class Dumps:
    """The dumps of one server in one repository."""

    def __init__(self, site, server):
        self.site, self.server = site, server
        site.walship.configure(pg_conninfo=server.connection_string())

    @staticmethod
    def sql(server, database, text):
        return server.program("psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", server.sockets, "-p", server._port(),
                              "-U", "postgres", "-d", database, "-c", text).stdout.decode().strip()

    def run(self, *args, **more):
        return self.site.run("dump", *args, **more)

    def make(self, *args):
        done = self.run("--json", *args)
        done.expect(0)
        return json.loads(done.out)

    def labels(self):
        done = self.site.run("dump", "list", "--json")
        done.expect(0)
        return [each["label"] for each in map(json.loads, done.out.splitlines()) if each["complete"]]

    def objects(self):
        return [name for name in self.site.store.list() if "/dump/" in name]

    def get(self, label, name):
        done = self.site.run("dump", "get", label, name)
        done.expect(0)
        return done.out

    def restore(self, label, name, into):
        """By pg_restore, into a new database."""
        path = host.USER.write(self.site.directory / "restored.dump", self.get(label, name))
        self.server.program("createdb", "-h", self.server.sockets, "-p", self.server._port(), "-U", "postgres", "-T", "template0", into)
        self.server.program("pg_restore", "-h", self.server.sockets, "-p", self.server._port(), "-U", "postgres", "-d", into,
                            "--exit-on-error", path)
        path.unlink()
        rows = self.rows(into)
        self.server.sql(f"drop database {into}")
        return rows

    def rows(self, database):
        return self.sql(self.server, database, "select count(*), md5(string_agg(t::text, '|' order by t::text collate \"C\")) from numbers t")
