"""Random histories of a cluster, laid down as a repository, and what `walship expire` has to do with them.

Written from the documents alone (doc/guide.md, "Remove old backups and WAL"; doc/design.md, "What expire removes"; doc/json.md,
"expire"; doc/format.md; doc/options.md); walship's own reader and its rules are not asked. Where the documents leave a choice, the
model allows both outcomes: a backup must stay, must go, or may do either.
"""

import functools
import json
import os
import struct
import time
from dataclasses import dataclass, field

from . import host, objects, wal

SEGMENT = 16 << 20
DAY = 86400
SILENT_S = DAY  # a backup that stored nothing for a day is not under way, with the default timeouts


def lsn(position):
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@dataclass
class Timeline:
    id: int
    parent: int       # 0: none
    first: int        # number of its first segment
    begun_s: float
    segments: dict = field(default_factory=dict)  # number -> when it was stored


@dataclass
class Backup:
    kind: str
    begun_s: int
    timeline: int
    start: int               # number of the segment in which it begins
    stop: int
    state: str = "complete"  # or "unreadable", "under way", "dead"
    pinned: bool = False
    has_begun: bool = True
    parent: "Backup" = None
    needs: list = field(default_factory=list)

    @property
    def label(self):
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.begun_s)) + "-" + self.kind

    @property
    def ended_s(self):
        return self.begun_s + 60


class History:
    """rng: random.Random. Settings, timelines and backups of one cluster, up to now."""

    def __init__(self, rng, now=None):
        self.rng, self.now = rng, int(now or time.time())
        self.system_id = rng.randrange(1 << 60, 1 << 63)
        self.days = rng.uniform(3, 70)
        self.count = rng.randrange(8, 32)   # segments of one line
        self.base = rng.randrange(1, 400)   # its first segment; 256 of them fill a directory
        self.timelines = self._timelines()
        self.backups = self._backups()
        self.settings = self._settings()

    def _when(self, number):
        """When a segment of the line was complete."""
        return self.now - self.days * DAY * (1 - (number + 1 - self.base) / self.count) - 60

    def _timelines(self):
        made = [Timeline(1, 0, self.base, self._when(self.base))]
        current, end = made[0], self.base + self.count
        for number in range(self.base, end):
            current.segments[number] = self._when(number)
            if len(made) < 5 and number > self.base + 2 and self.rng.random() < 0.04:
                child = Timeline(len(made) + 1, current.id, number, self._when(number))
                made.append(child)
                child.segments[number] = self._when(number) + 1
                if self.rng.random() < 0.4:    # a trial: a few segments, and the parent goes on
                    for more in range(1, self.rng.randrange(1, 6)):
                        child.segments[number + more] = self._when(number) + 1 + more
                else:
                    if self.rng.random() < 0.5:  # the old primary archived on for a while
                        for more in range(1, self.rng.randrange(1, 8)):
                            current.segments[number + more] = self._when(number) + more
                    current = child
        self.current = current
        return made

    def _position(self, when):
        """(timeline, segment) that is being written then, on the way to the current timeline."""
        number = min(int((when - self.now + self.days * DAY) / (self.days * DAY) * self.count) + self.base, self.base + self.count - 1)
        timeline = self.current
        while number < timeline.first or (number == timeline.first and timeline.parent and when < timeline.begun_s + 2):
            timeline = self.timelines[timeline.parent - 1]
        return timeline.id, number

    def _backups(self):
        made = []
        ages = [self.rng.uniform(0.02, self.days) for _ in range(self.rng.randrange(1, 14))]
        for when in sorted(ages, reverse=True):
            when = int(self.now - when * DAY)
            # Not where the end of a day decides, which takes part of the time of this test.
            if any(abs((self.now - when) % DAY - edge) < 600 for edge in (0, DAY)):
                continue
            if made and when - made[-1].begun_s < 300:
                continue
            made.append(self._backup(when))
        for i, each in enumerate(made):
            self._relate(each, made[:i])
        return made

    def _backup(self, when):
        timeline, number = self._position(when)
        backup = Backup(self.rng.choice(["full", "full", "diff", "diff", "diff", "incr"]), when, timeline, number, number)
        age = self.now - when
        draw = self.rng.random()
        if draw < 0.015:
            backup.state = "unreadable"
        elif draw < 0.10 and age > 1.2 * DAY:
            backup.state = "dead"
        elif draw < 0.15 or (draw < 0.4 and age < DAY):
            backup.state = "under way"
        backup.pinned = self.rng.random() < 0.08
        backup.has_begun = backup.state != "under way" or self.rng.random() < 0.8
        return backup

    @staticmethod
    def _relate(backup, before):
        """The parent: the newest full one for diff, the newest of any kind for incr; without one it is a full backup."""
        usable = [each for each in before if each.state == "complete" and (backup.kind == "incr" or each.kind == "full")]
        if backup.kind == "full" or not usable:
            backup.kind = "full"
            return
        backup.parent = usable[-1]
        backup.needs = [*backup.parent.needs, backup.parent]

    def _settings(self):
        chosen = {}
        while not chosen:
            for name, most, often in (("retention-full", 4, 0.6), ("retention-diff", 5, 0.3), ("retention-days", 30, 0.3),
                                      ("retention-wal-days", 40, 0.25)):
                if self.rng.random() < often:
                    chosen[name] = self.rng.randrange(1, most)
        return chosen

    def argv(self):
        return [text for name, value in self.settings.items() for text in (f"--{name}", str(value))]

    # The repository.

    def segment_object(self, timeline, number, suffix=""):
        return wal.object_name(self.system_id, wal.segment_name(timeline, number) + suffix)

    def history_text(self, timeline):
        lines = []
        while timeline.parent:
            lines.insert(0, f"{timeline.parent}\t{lsn(timeline.first * SEGMENT + 0x1000)}\tno recovery target specified\n")
            timeline = self.timelines[timeline.parent - 1]
        return "".join(lines).encode()

    def lay_down(self, root, key=None):
        """Writes all objects below root; key: None for objects without encryption. {name: size}"""
        made, directories = {}, set()

        def put(name, plain, when):
            data = objects.make_object(plain, name, key)
            path = root / name
            if path.parent not in directories:
                directories.add(path.parent)
                for directory in reversed([each for each in path.parents if not each.exists()]):
                    host.USER.mkdir(directory)
            path.write_bytes(data)
            host.USER.own(path, 0o644)
            os.utime(path, (when, when))
            made[name] = len(data)

        for timeline in self.timelines:
            if timeline.parent:
                put(wal.object_name(self.system_id, f"{timeline.id:08X}.history"), self.history_text(timeline), timeline.begun_s)
            for number, when in timeline.segments.items():
                name = wal.segment_name(timeline.id, number)
                put(self.segment_object(timeline.id, number), first_page(self.system_id, name), when)
        for backup in self.backups:
            self._lay_backup(backup, put)
        return made

    def prefix(self, backup):
        return f"{self.system_id}/backup/{backup.label}/"

    def _lay_backup(self, backup, put):
        prefix, when = self.prefix(backup), backup.ended_s
        if backup.state == "under way":  # it may have begun days ago; what counts is the newest object
            when = min(max(when, self.now - 3600), self.now)
        if backup.has_begun:
            put(f"{prefix}begun", json.dumps({"kind": "walship backup begun", "label": backup.label, "system_id": str(self.system_id),
                "parent": backup.parent.label if backup.parent else None, "host": "h", "pid": 1,
                "redo_lsn": lsn(backup.start * SEGMENT + 0x28)}).encode(), backup.begun_s)
        pack = {}
        for each in [backup, *backup.needs]:
            pack[each.label] = self._pack(each)
        put(f"{prefix}data/00000001", PACKED, when)
        if backup.pinned:
            put(f"{prefix}keep", b"", when)
        if backup.state in ("dead", "under way"):
            return
        lines = []
        for i, each in enumerate([backup, *backup.needs]):
            lines.append(f"p\t{i}\t1\t{pack[each.label]}\t{'0' * 128}\n")
        table, index = "".join(lines).encode(), b"d\t700\tbase\n"
        put(f"{prefix}index/00000001", index, when)
        put(f"{prefix}packs/00000001", table, when)
        text = json.dumps(self._manifest(backup, len(index), len(table))).encode()
        put(f"{prefix}manifest", b"{" if backup.state == "unreadable" else text, when)

    def _pack(self, backup):
        """Size of the pack of a backup: all have the same content, and the size does not depend on name or salt."""
        return pack_bytes(self.sealed)

    sealed = False

    def _manifest(self, backup, index_bytes, packs_bytes):
        return {"kind": "walship backup", "version": 1, "label": backup.label, "type": backup.kind, "system_id": str(self.system_id),
                "needs": [each.label for each in backup.needs], "begun": utc(backup.begun_s), "ended": utc(backup.ended_s),
                "server_version": 150018, "catalog_version": 202209061, "segment_bytes": SEGMENT, "page_bytes": 8192, "page_checksums": False,
                "from_standby": False, "start_timeline": backup.timeline, "stop_timeline": backup.timeline,
                "start_lsn": lsn(backup.start * SEGMENT + 0x28), "checkpoint_lsn": lsn(backup.start * SEGMENT + 0x60),
                "stop_lsn": lsn(backup.stop * SEGMENT + 0x100), "backup_label": "x\n", "tablespace_map": "", "data_directory": "/d",
                "directory_mode": 448, "files": 1, "directories": 1, "bytes": 8192, "changed_bytes": 0,
                "stored_bytes": self._pack(backup), "data_packs": 1, "index_objects": 1, "index_bytes": index_bytes, "hashes_objects": 0,
                "hashes_bytes": 0, "packs_objects": 1, "packs_bytes": packs_bytes, "wrong_pages": 0, "wrong_page_list": [],
                "hash_seed": "00" * 32, "pg_control": "00", "settings": [], "tablespaces": []}

    # What expire has to do.

    def of(self, *states):
        return [each for each in self.backups if each.state in states]

    def fates(self):
        """(labels that must stay, labels that may stay or go)"""
        get, complete = self.settings.get, self.of("complete")
        fulls = [each for each in complete if each.kind == "full"]
        diffs = [each for each in complete if each.kind == "diff"]
        stay = fulls[-1:] + [each for each in complete if each.pinned] + self.of("unreadable", "under way")
        either = [each for each in self.of("dead") if each.pinned]
        for each in self.of("under way"):
            if each.has_begun and each.parent:
                stay.append(each.parent)
        for each in self.backups:  # nobody knows what it needs
            if each.kind != "full" and (each.state == "unreadable" or (each.state == "under way" and not each.has_begun)):
                stay += [other for other in complete if other.begun_s < each.begun_s]
        if get("retention-full"):
            kept = fulls[-get("retention-full"):]
            stay += kept
            if not get("retention-diff"):
                stay += [each for each in complete if any(full in each.needs for full in kept)]
        if get("retention-days"):
            from_s = self.now - get("retention-days") * DAY
            stay += [each for each in complete if each.ended_s >= from_s] + [each for each in complete if each.ended_s < from_s][-1:]
        if not get("retention-full") and not get("retention-days"):
            stay += fulls
            if not get("retention-diff"):
                stay += complete
        if get("retention-diff"):
            newest = diffs[-get("retention-diff"):]
            stay += newest
            behind = [each for each in complete if each.kind == "incr" and newest and each.begun_s > newest[0].begun_s]
            stay += behind
            if len(diffs) < get("retention-diff"):
                either += [each for each in complete if each.kind == "incr"]
        stay = closed(stay)
        if not get("retention-diff"):  # "they stay as long as their full backup", whatever keeps that
            either += [each for each in complete if any(full in stay for full in each.needs)]
        return {each.label for each in stay}, {each.label for each in closed(either)} - {each.label for each in stay}

    def line(self, timeline):
        """[(timeline, first segment, end)] from the newest part to the oldest."""
        parts, end = [], 1 << 62
        while timeline:
            each = self.timelines[timeline - 1]
            parts.append((each.id, each.first, end))
            timeline, end = each.parent, each.first
        return parts

    def check(self, made, left, removes_wal=True):
        """Compares the names before and after a run that ended. removes_wal False: it was killed, and only safety counts."""
        gone = set(made) - set(left)
        assert set(left) <= set(made), "a new object"
        there = {each.label for each in self.backups if f"{self.prefix(each)}manifest" in left}
        must, either = self.fates()
        for each in self.backups:
            own = {name for name in made if name.startswith(self.prefix(each))}
            kept = own - gone
            if each.label in must:
                assert not own & gone, f"{each.label} ({each.state}) must stay, and lost {sorted(own & gone)}"
            elif each.label not in either and removes_wal:
                assert not kept, f"{each.label} ({each.state}) must go, and left {sorted(kept)}"
            if each.label in there:
                assert not own & gone, f"{each.label} is listed, and lost {sorted(own & gone)}"
                assert {need.label for need in each.needs if need.state == "complete"} <= there, f"{each.label} lost one that it needs"
        self.check_wal(made, left, there, removes_wal)

    def check_wal(self, made, left, there, removes_wal):
        histories = {name for name in made if name.endswith(".history")}
        assert histories <= set(left), "a history went"
        kept = [each for each in self.backups if each.label in there and each.state != "unreadable"]
        unknown = self.of("unreadable") + [each for each in self.of("under way") if not each.has_begun]
        starts = [each.start for each in kept] + [each.start for each in self.of("under way") if each.has_begun]
        went = [each for each in self.of("complete") if each.label not in there]
        allowed = bool(kept) and not unknown and (bool(went) or "retention-wal-days" in self.settings)
        only_dead = not went and bool(self.of("dead"))
        recent = self.now - self.settings.get("retention-wal-days", 0) * DAY if "retention-wal-days" in self.settings else None
        limit = min(starts, default=0)
        numbers = [number for each in self.timelines for number, when in each.segments.items() if recent is not None and when >= recent - 60]
        pinned = [each.start for each in self.of("dead") if each.pinned]  # may count as a backup that is kept
        surely = min([limit, *numbers, *pinned])
        on_the_way = [part for each in kept for part in self.line(each.timeline)] + [part for part in self.line(self.current.id)]
        for timeline in self.timelines:
            older = all(number < surely for number in timeline.segments)
            for number, when in timeline.segments.items():
                name, needed = self.segment_object(timeline.id, number), False
                if not allowed and not (only_dead and kept and not unknown):
                    needed = True
                if number >= limit or (recent is not None and when >= recent + 60):
                    needed = True
                if needed:
                    assert name in left, f"{name} (limit {limit}) must stay"
                used = older or any(id_ == timeline.id and first <= number < end for id_, first, end in on_the_way)
                if removes_wal and allowed and number < surely and used:
                    assert name not in left, f"{name} (limit {limit}) must go"


def closed(backups):
    """With all that they need."""
    return list({each.label: each for backup in backups for each in [backup, *backup.needs]}.values())


PACKED = b"content " * 64


@functools.cache
def pack_bytes(sealed):
    return len(objects.make_object(PACKED, "x", bytes(32) if sealed else None))


def first_page(system_id, name):
    """As much of a segment as a listing reads: the header of its first page."""
    timeline, address = int(name[:8], 16), (int(name[8:16], 16) << 32) + int(name[16:], 16) * SEGMENT
    head = struct.pack("<HHIQIIQII", wal.MAGIC, wal.LONG_HEADER, timeline, address, 0, 0, system_id, SEGMENT, wal.PAGE)
    return head.ljust(wal.PAGE, b"\0")

