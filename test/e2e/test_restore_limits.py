"""What a restore may use: memory, also with a million files and with terabytes of holes; requests for each pack."""

import json
import os
import shutil
import subprocess

import pytest

from harness import extent, host, strict_s3
from harness.made_backups import Backups, loaded
from test_backup_limits import MIB, fill, peak_mib

BACKUP_MIB, RESTORE_MIB = 128, 96


def restored(backups, *args):
    """A restore into a directory of its own: the most memory that it had, by the kernel's account; and its path."""
    into = backups.site.directory / "restored"
    log = host.USER.write(backups.site.directory / "time", "")
    argv = ["/usr/bin/time", "-o", str(log), "-f", "%M", *backups.site.walship.argv("restore", "--pg-data", into, *args)]
    backups.site.run(argv=argv, timeout=600).expect(0)
    return int(log.read_text().split()[-1]) / 1024, into


def empty_files(directory, count):
    """As a database with many tables has them."""
    host.USER.mkdir(directory, 0o700)
    for first in range(0, count, 1000):
        part = host.USER.mkdir(directory / f"{first:07}", 0o700)
        for number in range(min(1000, count - first)):
            os.close(os.open(part / f"{number:03}", os.O_CREAT, 0o644))


def count_of(directory):
    return sum(len(files) for _, _, files in os.walk(directory))


def test_memory(site):
    """A restore into an empty directory, and one that compares what is there."""
    with loaded(site, scale="1") as primary:
        fill(primary, extent.rounds(1600, 240))
        count = extent.rounds(100_000, 5_000)
        empty_files(primary.data / "many", count)
        backups = Backups(site, primary)
        backups.make()
        for args in ([], ["--delta"]):
            peak, into = restored(backups, *args)
            print(site.store.kind, args, f"{peak:.0f} MiB")
            assert peak <= RESTORE_MIB
            assert count_of(into / "many") == count
        shutil.rmtree(into)


@pytest.mark.full
def test_a_million_files(dir_site):
    """Backups and restores have the same limit with a million files."""
    with loaded(dir_site, scale="1") as primary:
        empty_files(primary.data / "many", 1_000_000)
        backups = Backups(dir_site, primary)
        for kind in ("full", "diff"):
            peak, _ = peak_mib(backups, kind)
            print(kind, f"{peak:.0f} MiB")
            assert peak <= BACKUP_MIB
        for args in ([], ["--delta"], ["--delta", "--dry-run"]):
            peak, into = restored(backups, *args)
            print("restore", args, f"{peak:.0f} MiB")
            assert peak <= RESTORE_MIB
            assert count_of(into / "many") == 1_000_000
        shutil.rmtree(into)


@pytest.mark.full
def test_sparse_terabyte(dir_site):
    """Holes that add up to 1 TB are restored as holes."""
    with loaded(dir_site, scale="1") as primary:
        for number in range(16):
            path = host.USER.write(primary.data / f"sparse{number}", b"x")
            os.truncate(path, 1 << 36)
        backups = Backups(dir_site, primary)
        backups.make()
        for args in ([], ["--delta"]):
            peak, into = restored(backups, *args)
            print("restore", args, f"{peak:.0f} MiB")
            assert peak <= RESTORE_MIB
        for number in range(16):
            status = (into / f"sparse{number}").stat()
            assert status.st_size == 1 << 36 and status.st_blocks * 512 < MIB
        used = subprocess.run(["du", "-s", "-m", into], capture_output=True, check=True).stdout
        assert int(used.split()[0]) < 200
        shutil.rmtree(into)


@pytest.mark.parametrize("kind", ["full", "diff"])
def test_requests(dir_site, kind):
    """At most 1.3 requests for each pack, and as many for packs, index and table of packs as --dry-run said; as a server counts them."""
    site = dir_site
    with loaded(site, scale="4") as primary:
        fill(primary, 320)
        backups = Backups(site, primary)
        (site.directory / "strict").mkdir()
        with strict_s3.StrictS3(site.directory / "strict") as server:
            site.walship.configure(**{name.replace("-", "_"): value for name, value in server.options(site.directory, host.USER).items()})
            primary.archive_all()
            made = backups.make()
            if kind == "diff":
                primary.sql("update pgbench_accounts set abalance = 1 where aid % 5000 = 0")
                primary.sql("checkpoint")
                made = backups.make("diff")
                assert made["type"] == "diff"
            dry = site.run("restore", "--pg-data", site.directory / "restored", "--dry-run", "--json")
            said = json.loads(dry.expect(0).out)
            server.requests.clear()
            restored(backups)
            targets = [each.target.split("?")[0] for each in server.requests if each.method == "GET"]
            of_packs = [target for target in targets if "/data/" in target]
            print(kind, len(server.requests), "requests,", len(of_packs), "of them for", said["packs"], "packs;",
                  [each.method + each.target for each in server.requests if "/data/" not in each.target])
            assert len(set(of_packs)) == said["packs"] >= 8
            assert len(of_packs) <= 1.3 * said["packs"]
            assert len([target for target in targets if any(f"/{part}/" in target for part in ("data", "index", "packs"))]) == said["requests"]
            # Beside the original, the WAL to replay is read for new tablespaces, each segment once.
            of_wal = [target for target in targets if "/wal/" in target]
            assert len(of_wal) <= said["replay_segments"] + 2 and len(set(of_wal)) == len(of_wal)  # the archiver may have stored some more
            assert len(server.requests) - len(of_wal) <= said["requests"] + 8
            primary.stop()  # its archiver needs the store
