"""What a backup may use: memory, bytes in a second, threads, requests; the checkpoint at its beginning."""

import os
import random
import re
import time

import pytest

from harness import extent, host, strict_s3
from harness.made_backups import PAGE, Backups, loaded

MIB = 1 << 20


def peak_mib(backups, *args):
    """The most memory that a backup had, by the kernel's account; and how it went."""
    log = host.USER.write(backups.site.directory / "time", "")
    argv = ["/usr/bin/time", "-o", str(log), "-f", "%M", *backups.site.walship.argv("backup", *args)]
    done = backups.run(argv=argv)
    return int(log.read_text().split()[-1]) / 1024, done.expect(0)


def fill(primary, mib, seed=0):
    """Files of content that does not compress, and of content that does, in the data directory."""
    source = random.Random(seed)
    place = primary.data / "filling"
    if not place.exists():
        host.USER.mkdir(place, 0o700)
    for number in range(mib // 16):
        pages = b"".join(source.randbytes(PAGE // 2) + bytes(PAGE // 2) for _ in range(16 * MIB // PAGE))
        host.USER.write(place / f"{number}", pages)


@pytest.mark.sample(2)
@pytest.mark.parametrize("memory", ["128MiB", "48MiB"])
def test_memory(site, memory):
    """Full and differential, of large files and of many: never more than backup-memory."""
    with loaded(site, scale="1") as primary:
        fill(primary, extent.rounds(1600, 320))
        many = host.USER.mkdir(primary.data / "many", 0o700)
        for number in range(extent.rounds(100_000, 10_000)):
            os.close(os.open(many / f"{number:06}", os.O_CREAT, 0o644))
        backups = Backups(site, primary)
        site.walship.configure(backup_memory=memory)
        for args in (["full"], ["diff", "--read-all"], ["diff"]):
            if "--read-all" in args:
                fill(primary, extent.rounds(1600, 160), seed=1)  # of the many files some change altogether
            peak, _ = peak_mib(backups, *args)
            print(site.store.kind, memory, args, f"{peak:.0f} MiB")
            assert peak <= int(memory[:-3])


@pytest.mark.full
def test_memory_of_sparse_terabytes(dir_site):
    """Holes that add up to 1 TB take no memory, and hardly any time."""
    with loaded(dir_site, scale="1") as primary:
        for number in range(16):
            path = host.USER.write(primary.data / f"sparse{number}", b"x")
            os.truncate(path, 1 << 36)
        backups = Backups(dir_site, primary)
        for kind in ("full", "diff"):
            peak, _ = peak_mib(backups, kind)
            assert peak <= 128


@pytest.mark.parametrize("pack_mib", [16, 4])
def test_requests(scratch, program, dir_site, pack_mib):
    """At most one PUT for each pack's worth of stored bytes, and 10 more; as a server counts them that checks each of them."""
    site = dir_site
    with loaded(site, scale="1") as primary:
        fill(primary, 160)
        backups = Backups(site, primary)
        (site.directory / "strict").mkdir()
        with strict_s3.StrictS3(site.directory / "strict") as server:
            site.walship.configure(**{name.replace("-", "_"): value for name, value in server.options(site.directory, host.USER).items()})
            site.walship.configure(backup_pack_size=f"{pack_mib}MiB", backup_wal_timeout="20s", **({} if pack_mib == 16 else {"backup_memory": "64MiB"}))
            primary.archive_all()
            server.requests.clear()
            made = backups.make()
            counted = [each for each in server.requests if "/backup/" in each.target]
            puts = [each for each in counted if each.method in ("PUT", "POST")]
            stored = sum(each.size for each in puts)
            print(len(counted), "requests,", len(puts), "of them write", stored // MIB, "MiB")
            assert stored >= made["stored_bytes"] > 40 * MIB
            assert len(puts) <= stored / (pack_mib * MIB) + 10
            assert len(counted) - len(puts) <= 10
            assert not server.open_uploads


def test_rate(dir_site):
    """backup-rate holds over the whole backup: not faster, and not much slower either."""
    with loaded(dir_site, scale="1") as primary:
        backups = Backups(dir_site, primary)
        free = timed(backups)
        size = backups.read(backups.labels()[0]).manifest["bytes"]
        dir_site.walship.configure(backup_rate="6MiB")
        slow = timed(backups)
        wanted = size / (6 * MIB)
        assert slow > wanted * 0.8 - 2 and slow > free
        assert slow < free + wanted * 1.5 * host.SLOWNESS


def timed(backups):
    began = time.monotonic()
    backups.make()
    return time.monotonic() - began


def test_threads(dir_site):
    """With any number of threads the copies are equal."""
    with dir_site.primary(autovacuum="off") as primary:
        primary.start()
        primary.sql("create table t as select g, md5(g::text) from generate_series(1, 100000) g")
        primary.sql("checkpoint")
        backups = Backups(dir_site, primary)
        copies = []
        for threads in ("1", "2", "4"):
            dir_site.walship.configure(backup_threads=threads)
            made = backups.make()
            entries = backups.read(made["label"]).entries()
            copy = backups.read(made["label"]).restore(dir_site.directory / f"copy{threads}")
            copies.append({entry.path: (copy / entry.path).read_bytes() for entry in entries
                           if not entry.is_directory and entry.path.startswith(("base/", "PG_"))})
        assert copies[0] == copies[1] == copies[2] and len(copies[0]) > 500


def test_start(dir_site):
    """fast makes a checkpoint at once; spread takes the time that checkpoint_completion_target gives it."""
    with loaded(dir_site, scale="1", checkpoint_timeout="30s", checkpoint_completion_target="0.3", log_checkpoints="on") as primary:
        backups = Backups(dir_site, primary)
        dir_site.walship.configure(backup_start="fast")
        backups.make()
        assert re.search(r"checkpoint starting: immediate force wait", primary.log_text())
        primary.sql("update pgbench_accounts set abalance = 1")
        dir_site.walship.configure(backup_start="spread", backup_timeout="60s")
        backups.make()
        assert re.search(r"checkpoint starting: force wait", primary.log_text())


def test_low_priority(dir_site):
    """The backup yields to the server, in processor and disk."""
    with loaded(dir_site, scale="1") as primary:
        backups = Backups(dir_site, primary)
        dir_site.walship.configure(backup_rate="8MiB")
        process = dir_site.walship.popen("backup")
        try:
            host.wait_for(lambda: [name for name in dir_site.store.list() if name.endswith("/begun")], "the backup begins")
            assert os.getpriority(os.PRIO_PROCESS, process.pid) > 0
            assert host.run(["ionice", "-p", process.pid]).stdout == b"best-effort: prio 7\n"
        finally:
            process.kill()
            process.wait(30)
        primary.expect("connection to client lost")
        assert backups.labels() == []
