"""Base backups of a running server, made and restored by walship; and read as they lie in the repository, without walship."""

import json
import os
import re
import shutil
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

from . import host, objects

PAGE = 8192
CONTROL_BYTES = 8192
ESCAPE = re.compile(rb"\\([0-7]{3})")


def plain(field):
    """A path or link of the index without its escapes."""
    return os.fsdecode(ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field))


class Entry:
    """A file or directory of the index. runs: (block, count, None) of zeros, or (block, count, place)."""

    def __init__(self, fields):
        self.is_directory, self.mode = fields[0] == b"d", int(fields[1], 8)
        if self.is_directory:
            names = fields[2:]
        else:
            self.size, self.modified, self.changed, self.inode = map(int, fields[2:6])
            names = fields[6:]
        self.path = plain(names[0])
        self.link = plain(names[1]) if len(names) > 1 else None
        self.runs = []


class Backup:
    """One backup of a repository."""

    def __init__(self, site, system_id, label):
        self.site, self.store, self.key, self.label = site, site.store, site.walship.key, label
        self.prefix = f"{system_id}/backup"
        self.manifest = json.loads(self.open(self.name("manifest")))
        self.labels = [label, *self.manifest["needs"]]
        self._packs, self._frames = {}, {}

    def name(self, part, label=None):
        return f"{self.prefix}/{label or self.label}/{part}"

    def open(self, name):
        return objects.open_object(self.store.get(name), name, self.key)

    def series(self, part):
        """The content of a numbered part, which must be as long as the manifest says."""
        count = self.manifest[f"{part}_objects"]
        content = b"".join(self.open(self.name(f"{part}/{number:08}")) for number in range(1, count + 1))
        assert len(content) == self.manifest[f"{part}_bytes"]
        return content

    def entries(self):
        found = []
        for line in self.series("index").splitlines():
            fields = line.split(b"\t")
            if fields[0] in b"df":
                found.append(Entry(fields))
            elif fields[0] == b"z":
                found[-1].runs.append((int(fields[1]), int(fields[2]), None))
            else:
                assert fields[0] == b"r", line
                block, count, backup, pack, offset, length, number, at = map(int, fields[1:])
                found[-1].runs.append((block, count, (backup, pack, offset, length, number, at)))
        return found

    def frame(self, backup, pack, offset, length, number):
        """The content of one frame, authenticated."""
        place = (backup, pack, number)
        if place not in self._frames:
            name = self.name(f"data/{pack:08}", self.labels[backup])
            if name not in self._packs:
                self._packs[name] = self.store.get(name)
            data = self._packs[name]
            header, counter = data[:objects.HEADER.size], number.to_bytes(8, "little")
            compression, protection, arrangement = header[8:11]
            keys = objects.derive(self.key, header, name) if protection else None
            signed, tag = data[offset:offset + length - objects.TAG], data[offset + length - objects.TAG:offset + length]
            assert objects.tag_of(header, name, keys, counter + signed) == tag, f"{name}: frame {number} is not authentic"
            body = signed[4:] if keys is None else objects.aes("-d", keys, counter, signed[4:])
            self._frames[place] = objects.unpack(compression, body, arrangement)
        return self._frames[place]

    def content(self, entry):
        """(offset, bytes) of what is not zero; the runs must cover the file exactly."""
        next_block = 0
        for block, count, place in entry.runs:
            assert block == next_block, f"{entry.path}: a hole before block {block}"
            next_block += count
            if place:
                length = min(entry.size, next_block * PAGE) - block * PAGE
                at = place[5]
                piece = self.frame(*place[:5])[at:at + length]
                assert len(piece) == length, f"{entry.path}: a frame is too short for block {block}"
                yield block * PAGE, piece
        assert next_block == -(-entry.size // PAGE), f"{entry.path}: its runs end at block {next_block}"

    def restore(self, into, tablespaces=None):
        """The data directory as the server left it, and what recovery begins with. tablespaces: {oid: directory}, which exist."""
        into, places = Path(into), {}
        host.USER.mkdir(into, self.manifest["directory_mode"])
        for entry in self.entries():
            path = into / entry.path
            if entry.is_directory:
                if entry.link is not None and entry.path.startswith("pg_tblspc/"):
                    oid = path.name
                    places[oid] = self._place(entry.link, into, (tablespaces or {}).get(oid))
                    places[oid].mkdir(parents=True, exist_ok=True)
                    path.symlink_to(places[oid])
                path.mkdir(exist_ok=True)
            else:
                self._write(path, entry)
            path.chmod(entry.mode)
        (into / "backup_label").write_text(self.manifest["backup_label"])
        map_lines = self.manifest["tablespace_map"].splitlines()
        moved = "".join(f"{line.split(' ')[0]} {places[line.split(' ')[0]]}\n" for line in map_lines if line.split(' ')[0] in places)
        if moved:
            (into / "tablespace_map").write_text(moved)
        (into / "global/pg_control").write_bytes(self.control())
        (into / "global/pg_control").chmod(0o600)
        self._give_away(into, *places.values())
        return into

    def control(self):
        return bytes.fromhex(self.manifest["pg_control"]).ljust(CONTROL_BYTES, b"\0")

    def _place(self, link, into, wanted):
        """A tablespace inside the data directory stays inside."""
        inside = os.path.relpath(link, self.manifest["data_directory"])
        if wanted is None:
            assert not inside.startswith(".."), f"no place for the tablespace in {link}"
            wanted = into / inside
        return Path(wanted)

    def _write(self, path, entry):
        with open(path, "xb") as file:
            for offset, piece in self.content(entry):
                file.seek(offset)
                file.write(piece)
            file.truncate(entry.size)

    @staticmethod
    def _give_away(*trees):
        if host.USER.switch:
            for tree in trees:
                subprocess.run(["chown", "-R", "-h", f"{host.USER.uid}:{host.USER.gid}", str(tree)], check=True)


class Backups:
    """What the tests do with backups of one server, with the repository of one site."""

    def __init__(self, site, primary):
        self.site, self.primary = site, primary
        self.system_id = primary.system_id()
        site.walship.configure(pg_conninfo=primary.connection_string(), backup_wal_timeout="30s", backup_timeout="20s")

    def run(self, *args, **kwargs):
        return self.site.run("backup", *args, **{"timeout": 180, **kwargs})

    def make(self, kind="full", *args, code=0, error=None, hint=None, **kwargs):
        """The JSON that a successful backup prints."""
        done = self.run(kind, "--json", *args, **kwargs)
        done.expect(code, error, hint)
        return json.loads(done.out)

    def read(self, label):
        return Backup(self.site, self.system_id, label)

    def labels(self):
        """Of the backups that exist: with a manifest."""
        return sorted(name.split("/")[2] for name in self.site.store.list() if name.startswith(f"{self.system_id}/backup/")
                      and name.endswith("/manifest"))

    def objects(self, label):
        prefix = f"{self.system_id}/backup/{label}/"
        return [name[len(prefix):] for name in self.site.store.list() if name.startswith(prefix)]

    def restored(self, label, name="restored", tablespaces=None, **settings):
        """A cluster that walship restored, to recover to the end of the archive; it archives nothing itself; not started.
        PostgreSQL's own program finds each file as the manifest says; the WAL is not there yet."""
        made = self.site.cluster(name)
        places = [word for oid, place in (tablespaces or {}).items() for word in ("--tablespace", f"{oid}={place}")]
        self.site.run("restore", "--pg-data", made.data, "--backup", label, "--backup-manifest", *places, timeout=180).expect(0)
        # It would find the files of a tablespace inside of the data directory twice.
        inside = [place.resolve() for place in (made.data / "pg_tblspc").iterdir() if place.is_symlink() and place.resolve().is_relative_to(made.data.resolve())]
        ignored = [f"--ignore={place.relative_to(made.data.resolve())}" for place in inside]
        made.program("pg_verifybackup", "--no-parse-wal", "--quiet", *ignored, made.data)
        # Cluster.start writes the settings.
        made.configure(archive_mode="off", restore_command=self.site.walship.command("fetch", "%f", "%p"), **settings)
        return made

    def recover(self, label, name="restored", tablespaces=None, **settings):
        """The same, started and promoted."""
        made = self.restored(label, name, tablespaces, **settings)
        made.start(wait=False)
        try:
            made.wait_promoted()
        except AssertionError:
            made.stop()
            raise
        return made

    def proof(self, label, rows, name="restored", tablespaces=None, checksums=False, **settings):
        """Recovers the backup: its rows are those, its indexes and pages are sound. Nothing of it stays."""
        with self.recover(label, name, tablespaces, **settings) as made:
            assert made.rows() == rows
            amcheck(made)
            made.stop()
            if checksums:
                made.program("pg_checksums", "--check", "-D", made.data)
        made.remove()
        for place in (tablespaces or {}).values():
            shutil.rmtree(place)


def amcheck(cluster):
    """Every table of every database with its indexes, by PostgreSQL's own check."""
    cluster.program("pg_amcheck", "-h", cluster.sockets, "-p", cluster._port(), "-U", "postgres", "--all", "--install-missing",
                    "--heapallindexed", "--parent-check", "--exclude-table=pg_catalog.pg_statistic")


def loaded(site, *initdb, scale="2", **settings):
    """A running server that archives, with pgbench's tables."""
    primary = site.primary("primary", *initdb, **settings)
    primary.start()
    primary.pgbench("-i", "-s", scale, "-q")
    return primary


class Load:
    """pgbench, as long as the block runs."""

    def __init__(self, primary, *options):
        primary.expect("FATAL:  connection to client lost")  # when it is ended in the middle of an answer
        self.primary, self.options = primary, options or ("-n", "-c", "3", "-T", "300")

    def __enter__(self):
        self.process = subprocess.Popen(self.primary.pgbench_argv(*self.options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=host.clean_env(), cwd="/", **host.USER.popen_args())
        host.wait_for(lambda: int(self.primary.sql("select count(*) from pgbench_history")) > 20, "pgbench works")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


def settled(primary):
    """Every row, once all WAL of them is archived; the balances prove that no half of a transaction is among them."""
    rows = primary.rows()
    primary.archive_all()
    return rows


def copy_manifests(site, system_id, manifest, count, apart_s=3000):
    """Older copies of a backup's manifest, under labels of their own, the newest a day old. Their packs are not there."""
    now = int(time.time())
    for number in range(count):
        begun = now - 86400 - apart_s * (count - number)
        label = f"{datetime.fromtimestamp(begun, timezone.utc):%Y%m%dT%H%M%SZ}-full"
        name = f"{system_id}/backup/{label}/manifest"
        made = {**manifest, "label": label, "begun": begun, "ended": begun + 60}
        site.store.put(name, objects.make_object(json.dumps(made).encode(), name, site.walship.key))
