"""What a base backup and a restore cannot beat: ISA-L, AES and HMAC on all processors, and the disk with fsync."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from .report import table

MB = 1_000_000
PIECE = 1024 * 1024
PIECES = 64  # of the relations, for the speeds in memory

ABOUT = """*Limits*: what one processor does in memory with {pieces} pieces of 1 MiB of the relations, divided by {cores} processors, and a
file of as many bytes, written past the page cache and synced (dd). Processors and disk work at the same time.
"""


def _sample(data, into):
    """Pieces of 1 MiB, evenly spread over all relations."""
    files = [path for path in sorted((data / "base").rglob("*")) if path.is_file() and path.stat().st_size >= PIECE]
    places = [(path, at) for path in files for at in range(path.stat().st_size // PIECE)]
    chosen = places[::max(1, len(places) // PIECES)][:PIECES]
    for number, (path, at) in enumerate(chosen):
        with open(path, "rb") as file:
            file.seek(at * PIECE)
            (into / str(number)).write_bytes(file.read(PIECE))
    return [into / str(number) for number in range(len(chosen))]


def _disk_seconds(directory, size):
    path = directory / "disk-limit"
    os.sync()
    begin = time.monotonic()
    subprocess.run(["dd", "if=/dev/zero", f"of={path}", "bs=1M", f"count={max(1, size // PIECE)}", "oflag=direct", "conv=fsync"],
                   check=True, capture_output=True)
    seconds = time.monotonic() - begin
    path.unlink()
    return seconds


class Limits:
    """Seconds for `raw` bytes of relations, of which `stored` bytes are left after compression."""

    def __init__(self, programs, data, directory, raw, stored):
        self.raw, self.stored, self.pieces = raw, stored, 0
        self.speed = self._speeds(programs, data)
        self.disk = {size: _disk_seconds(directory, size) for size in (stored, raw)}

    def _speeds(self, programs, data):
        """{stage: (MB taken, MB made) a second}."""
        with tempfile.TemporaryDirectory(prefix="walship-", dir="/dev/shm") as name:
            files = _sample(data, Path(name))
            self.pieces = len(files)
            done = subprocess.run([programs / "limits", *files], capture_output=True, check=True, text=True)
        found = {}
        for line in done.stdout.splitlines():
            stage, seconds, taken, made = line.split()
            found[stage] = (float(taken) / float(seconds), float(made) / float(seconds))
        return found

    def _of_all(self, size, speed):
        return size / MB / speed / os.cpu_count()

    def section(self, full, restore):
        """full, restore: walship's own seconds."""
        of_stored = {stage: self._of_all(self.stored, self.speed[stage][0]) for stage in ("aes-encrypt", "aes-decrypt", "hmac")}
        pairs = {"ISA-L level 1": (self._of_all(self.raw, self.speed["isal-1"][0]), self._of_all(self.raw, self.speed["isal-inflate"][1])),
                 "AES-256-CBC": (of_stored["aes-encrypt"], of_stored["aes-decrypt"]),
                 "HMAC-SHA-256": (of_stored["hmac"], of_stored["hmac"])}
        pairs["these three together"] = tuple(map(sum, zip(*pairs.values())))
        pairs["disk, write and fsync"] = (self.disk[self.stored], self.disk[self.raw])
        rows = [[name, *(f"{seconds:.2f} s" for seconds in both)] for name, both in pairs.items()]
        rows.append(["walship", f"{full:.2f} s", f"{restore:.2f} s"])
        about = ABOUT.format(pieces=self.pieces, cores=os.cpu_count())
        return about + "\n" + table(["limit", "full, directory", "restore of the full, directory"], rows)
