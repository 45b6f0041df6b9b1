"""WAL files as PostgreSQL 15 names and begins them, made up where a test needs no server."""

import random
import struct

MAGIC = 0xD110  # XLOG_PAGE_MAGIC of PostgreSQL 15
PAGE = 8192
LONG_HEADER = 0x0002
MIB = 1024 * 1024


def segment_name(timeline, number, size=16 * MIB):
    """The name of the number'th segment (counted from 0 at LSN 0/0)."""
    per_log = 0x100000000 // size
    return f"{timeline:08X}{number // per_log:08X}{number % per_log:08X}"


def segment(system_id, name, size=16 * MIB, seed=0, **wrong):
    """A whole segment, every page with its header. wrong: magic, timeline, address, size of the header."""
    timeline, log, number = (int(name[i:i + 8], 16) for i in (0, 8, 16))
    address = wrong.get("address", (log << 32) + number * size)
    timeline = wrong.get("timeline", timeline)
    magic = wrong.get("magic", MAGIC)
    source = random.Random(f"{seed} {name}")
    body = source.randbytes(PAGE // 4) + b"a row like many others " * (PAGE // 23)
    out = bytearray()
    for offset in range(0, size, PAGE):
        if offset == 0:
            head = struct.pack("<HHIQIIQII", magic, LONG_HEADER, timeline, address, 0, 0, system_id,
                               wrong.get("header_size", size), PAGE)
        else:
            head = struct.pack("<HHIQII", magic, 0, timeline, address + offset, 0, 0)
        out += head + body[:PAGE - len(head)]
    return bytes(out)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def switched(system_id, name, size=16 * MIB):
    """A segment that was switched at once: its only record is the XLOG_SWITCH, and that is whole."""
    record = struct.pack("<IIQBBH", 24, 0, 0, 0x40, 0, 0)
    record += struct.pack("<I", crc32c(record))
    return (segment(system_id, name, size)[:40] + record).ljust(size, b"\0")


def history(seed=0):
    """What the history file of timeline 2 and above may hold; every seed gives another switch point."""
    return f"1\t0/{(seed + 3) * 0x1000000:X}\tno recovery target specified\n".encode()


def backup_label(name, seed=0):
    """What a .backup file holds."""
    return (f"START WAL LOCATION: 0/3000028 (file {name})\nSTOP WAL LOCATION: 0/3000100 (file {name})\n"
            f"CHECKPOINT LOCATION: 0/3000060\nBACKUP METHOD: streamed\nLABEL: number {seed}\n").encode()


SEGMENT = "000000010000000000000003"

# One name of each kind of file that PostgreSQL archives, and what it may hold: kind -> (name, content(system id, seed)).
KINDS = {
    "segment": (SEGMENT, lambda sid, seed: segment(sid, SEGMENT, MIB, seed)),
    "history": ("00000002.history", lambda sid, seed: history(seed)),
    "backup": (f"{SEGMENT}.00000028.backup", lambda sid, seed: backup_label(SEGMENT, seed)),
    "partial": (f"{SEGMENT}.partial", lambda sid, seed: segment(sid, SEGMENT, MIB, seed)),
}
# The segments above are of 1 MB, so their address is that of segment 3 of such a cluster.


def object_name(system_id, name):
    """The name of a file's object, below the repository."""
    if name.endswith(".history"):
        return f"{system_id}/wal/{name}"
    return f"{system_id}/wal/{name[:16]}/{name}"
