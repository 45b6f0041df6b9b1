"""Base backups, from doc/format.md alone: all objects of a backup are read whole, and nothing in them may be unexplained.

Backup reads and checks one; walship's own reader is not asked. The block hashes are libxxhash's own.
"""

import ctypes
import json
import re
from dataclasses import dataclass, field

from . import objects, wal

BLOCK = 8192
PARTS = ("index", "hashes", "packs")
OBJECT_LEAST, OBJECT_MOST = 8 << 20, 16 << 20
NUMBER = rb"(0|[1-9][0-9]*)"
PATH = rb"((?:[^\x00-\x1f\x7f\\]|\\[0-7]{3})+)"
LINES = {b"d": re.compile(rb"d\t([0-7]+)\t" + PATH + rb"(?:\t" + PATH + rb")?"),
         b"f": re.compile(rb"f\t([0-7]+)\t" + NUMBER + rb"\t(-?[0-9]+)\t(-?[0-9]+)\t" + NUMBER + rb"\t" + PATH + rb"(?:\t" + PATH + rb")?"),
         b"r": re.compile(rb"r" + 8 * (rb"\t" + NUMBER)),
         b"z": re.compile(rb"z" + 2 * (rb"\t" + NUMBER)),
         b"p": re.compile(rb"p" + 3 * (rb"\t" + NUMBER) + rb"\t([0-9a-f]{128})")}
TEXTS = ("label", "type", "system_id", "backup_label", "tablespace_map", "data_directory", "hash_seed", "pg_control")
LSNS, TIMES = ("start_lsn", "checkpoint_lsn", "stop_lsn"), ("begun", "ended")
BOOLEANS, LISTS = ("page_checksums", "from_standby"), ("settings", "tablespaces", "wrong_page_list")
INTEGERS = ("server_version", "catalog_version", "segment_bytes", "page_bytes", "start_timeline", "stop_timeline", "directory_mode",
            "files", "directories", "bytes", "changed_bytes", "stored_bytes", "data_packs", "wrong_pages",
            *(f"{part}_{what}" for part in PARTS for what in ("objects", "bytes")))


class Hash:
    """The hash of blocks under the secret of a seed."""

    def __init__(self, seed):
        self.library = ctypes.CDLL("libxxhash.so.0")
        self.secret = ctypes.create_string_buffer(192)
        self.library.XXH3_64bits_withSecret.restype = ctypes.c_uint64
        self.library.XXH3_64bits_withSecret.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
        self.library.XXH3_generateSecret.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
        must(self.library.XXH3_generateSecret(self.secret, 192, seed, 32) == 0, "a secret")

    def of(self, block):
        return self.library.XXH3_64bits_withSecret(block, len(block), self.secret, 192)


@dataclass
class Run:
    """A run of blocks; of zeros, if it has no frame."""
    block: int
    count: int
    pack: tuple = None   # (label, number)
    frame: tuple = None  # (offset, bytes, number)
    at: int = 0


@dataclass
class Entry:
    """A line of the index and its runs. A directory has no size."""
    path: bytes
    link: bytes
    mode: int
    size: int = None
    runs: list = field(default_factory=list)

    @property
    def blocks(self):
        return -(-(self.size or 0) // BLOCK)


def must(condition, what):
    if not condition:
        raise ValueError(what)


def unescape(text):
    return None if text is None else re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), text)


def order(path):
    """Byte by byte, with '/' before all others."""
    return [0 if byte == 0x2F else byte + 1 for byte in path]


class Backup:
    """One backup of a store (see harness/store.py), read and checked whole when it is made."""

    def __init__(self, store, prefix, key=None, others=None):
        """prefix: SYSTEM-ID/backup/LABEL. others: {label: Backup} of those that it needs; read here if they are not there."""
        self.store, self.prefix, self.key = store, prefix, key
        self.cluster, self.label = prefix.split("/")[0], prefix.split("/")[-1]
        self.manifest = self.read_manifest()
        self.names = [self.label if n == 0 else self.manifest["needs"][n - 1] for n in range(len(self.manifest["needs"]) + 1)]
        self.packs = self.read_packs()
        self.entries = list(self.read_index())
        self.hashes = self.read_hashes()
        self.contents = {self.label: self.open_packs()}
        for label in self.manifest["needs"]:
            other = (others or {}).get(label) or Backup(store, f"{self.cluster}/backup/{label}", key)
            self.contents[label] = other.contents[label]
        self.check_objects()
        self.check_table()
        self.check_sums()
        self.check_coverage()
        self.check_hashes()
        self.control_file()

    def open(self, part):
        name = f"{self.prefix}/{part}"
        return objects.open_object(self.store.get(name), name, self.key)

    def read_manifest(self):
        made = json.loads(self.open("manifest"))
        must((made["kind"], made["version"]) == ("walship backup", 1), "a manifest")
        kinds = {**dict.fromkeys(TEXTS, str), **dict.fromkeys(BOOLEANS, bool), **dict.fromkeys(LISTS, list), **dict.fromkeys(INTEGERS, int),
                 **dict.fromkeys(LSNS + TIMES, str), "needs": list, "kind": str, "version": int}
        must({name: type(value) for name, value in made.items()} == kinds, f"the fields of the page: {set(made) ^ set(kinds)}")
        must(all(re.fullmatch("[0-9A-F]+/[0-9A-F]+", made[name]) for name in LSNS), "LSNs")
        must(all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made[name]) for name in TIMES), "times")
        must((made["system_id"], made["label"]) == (self.cluster, self.label), "another backup's manifest")
        begun, _, kind = self.label.partition("-")
        must(re.sub("[-:]", "", made["begun"]) <= begun and kind == made["type"], "a label of time and type")
        must((made["type"] == "full") == (not made["needs"]) and all(label < self.label for label in made["needs"]), "needs")
        must(made["page_bytes"] == BLOCK and made["start_timeline"] == made["stop_timeline"], "page size, timelines")
        return made

    def series(self, part):
        contents = [self.open(f"{part}/{number:08}") for number in range(1, self.manifest[f"{part}_objects"] + 1)]
        must(sum(map(len, contents)) == self.manifest[f"{part}_bytes"], f"{part}: another length")
        must(all(OBJECT_LEAST <= len(each) <= OBJECT_MOST for each in contents[:-1]), f"{part}: an object of another size")
        must(all(0 < len(each) <= OBJECT_MOST for each in contents[-1:]), f"{part}: an object of another size")
        return contents

    def lines(self, part, kinds):
        for content in self.series(part):
            must(content.endswith(b"\n"), f"{part}: a line without its end")
            for line in content[:-1].split(b"\n"):
                match = line[:1] in kinds and LINES[line[:1]].fullmatch(line)
                must(match, f"{part}: {line}")
                yield line[:1], match.groups()

    def read_packs(self):
        """{(label, number): (size, header)}"""
        rows = [(int(a), int(b), int(c), bytes.fromhex(d.decode())) for _, (a, b, c, d) in self.lines("packs", (b"p",))]
        must(all(one[:2] < other[:2] for one, other in zip(rows, rows[1:])), "packs: the order")
        return {(self.names[backup], number): (size, header) for backup, number, size, header in rows}

    def read_index(self):
        """Entries with their runs, which must cover each file."""
        last = None
        for kind, fields in self.lines("index", (b"d", b"f", b"r", b"z")):
            if kind in (b"r", b"z"):
                last.runs.append(self.run(*map(int, fields)))
                continue
            if last:
                self.check_entry(last)
                yield last
            entry = Entry(unescape(fields[-2]), unescape(fields[-1]), int(fields[0], 8), int(fields[1]) if kind == b"f" else None)
            must(last is None or order(last.path) < order(entry.path), f"the order of {entry.path}")
            last = entry
        self.check_entry(last)
        yield last

    def run(self, block, count, backup=None, pack=0, *frame):
        return Run(block, count) if backup is None else Run(block, count, (self.names[backup], pack), frame[:3], frame[3])

    def check_entry(self, entry):
        must(not {b"", b".", b".."} & set(entry.path.split(b"/")), f"the path {entry.path}")
        block = 0
        for run in entry.runs:
            must(run.block == block and run.count > 0, f"{entry.path}: a run that does not follow")
            must(run.pack is None or run.pack in self.packs, f"{entry.path}: a pack that the table has not")
            block += run.count
        must(block == entry.blocks, f"{entry.path}: {block} blocks, not {entry.blocks}")

    def read_hashes(self):
        content = b"".join(self.series("hashes"))
        must(len(content) == 8 * sum(entry.blocks for entry in self.entries), "a hash for each block")
        return [int.from_bytes(content[at:at + 8], "little") for at in range(0, len(content), 8)]

    def open_packs(self):
        """{(number of the pack, place of the frame): content} of this backup's own packs."""
        out = {}
        for number in range(1, self.manifest["data_packs"] + 1):
            name = f"{self.prefix}/data/{number:08}"
            data = self.store.get(name)
            must((len(data), data[:64]) == self.packs[self.label, number], f"{name}: the table has another size or header")
            at = 64
            for place, (last, size, content) in enumerate(objects.open_frames(data, name, self.key)):
                must(last == (not content), f"{name}: a frame without content is the last one, and no other")
                if content:
                    out[number, (at, size, place)] = content
                at += size
        return out

    def check_objects(self):
        """No object is there that the manifest does not name."""
        counts = {"data": self.manifest["data_packs"], **{part: self.manifest[f"{part}_objects"] for part in PARTS}}
        named = {f"{part}/{number:08}" for part, count in counts.items() for number in range(1, count + 1)} | {"begun", "manifest"}
        there = {name[len(self.prefix) + 1:] for name in self.store.list() if name.startswith(self.prefix + "/")} - {"keep"}
        must(there == named, f"objects: {sorted(there ^ named)}")
        begun = json.loads(self.open("begun"))
        must((begun["kind"], begun["label"], begun["system_id"]) == ("walship backup begun", self.label, self.cluster), "begun")
        must(begun["parent"] == (self.manifest["needs"] or [None])[-1], "the parent")

    def check_table(self):
        """The table has the packs of the others as their own packs are."""
        for (label, number), (size, header) in self.packs.items():
            data = self.store.get(f"{self.cluster}/backup/{label}/data/{number:08}")
            must((len(data), data[:64]) == (size, header), f"the table has another pack {number} of {label}")

    def check_sums(self):
        files = [entry for entry in self.entries if entry.size is not None]
        own = [size for (label, _), (size, _) in self.packs.items() if label == self.label]
        sums = {"files": len(files) + 1, "directories": len(self.entries) - len(files), "bytes": sum(e.size for e in files) + BLOCK,
                "changed_bytes": sum(map(len, self.contents[self.label].values())), "stored_bytes": sum(own), "data_packs": len(own)}
        must(sums == {name: self.manifest[name] for name in sums}, f"sums: {sums}")

    def length(self, entry, run):
        return min((run.block + run.count) * BLOCK, entry.size) - run.block * BLOCK

    def check_coverage(self):
        """Each byte of each frame of this backup is that of one run."""
        pieces = {}
        for entry in self.entries:
            for run in entry.runs:
                if run.pack and run.pack[0] == self.label:
                    pieces.setdefault((run.pack[1], run.frame), []).append((run.at, self.length(entry, run)))
        must(set(pieces) == set(self.contents[self.label]), "frames that no run names, or that are not there")
        for frame, runs in pieces.items():
            end = 0
            for at, length in sorted(runs):
                must(at == end, f"frame {frame}: a gap or an overlap at {end}")
                end += length
            must(end == len(self.contents[self.label][frame]), f"frame {frame}: {end} bytes have a run")

    def content(self, entry):
        pieces = []
        for run in entry.runs:
            length = self.length(entry, run)
            frame = self.contents[run.pack[0]][run.pack[1], run.frame] if run.pack else None
            pieces.append(frame[run.at:run.at + length] if run.pack else bytes(length))
            must(len(pieces[-1]) == length, f"{entry.path}: a run beyond its frame")
        return b"".join(pieces)

    def check_hashes(self):
        hashed, at = Hash(bytes.fromhex(self.manifest["hash_seed"])), 0
        for entry in self.entries:
            content = self.content(entry)
            for number in range(entry.blocks):
                block = content[number * BLOCK:(number + 1) * BLOCK]
                must(hashed.of(block) == self.hashes[at], f"{entry.path}: the hash of block {number}")
                at += 1

    def control_file(self):
        """Of 8,192 bytes, with a CRC that is right."""
        content = bytes.fromhex(self.manifest["pg_control"])
        must(content[-1] != 0, "pg_control: zeros at its end")
        content = content.ljust(BLOCK, b"\0")
        must(any(content[at:at + 4] == wal.crc32c(content[:at]).to_bytes(4, "little") for at in range(40, 512, 4)), "pg_control: its CRC")
        return content
