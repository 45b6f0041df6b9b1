"""What is measured, round by round, and the calibration before it."""

import contextlib
import os
import shutil
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from harness import host

from . import memory, measure, places

NO_CIPHER = {"cipher": "none", "cipher-key-file": None}
TURNS = 3


def spread(names, count):
    """Some of them, from all parts: what is in the WAL changes."""
    return names[::max(1, len(names) // count)]


class Cases:
    """results[(case, place, tool)] is a list with one number for each round; facts are single ones."""

    def __init__(self, lab, contenders, rounds, say, sample):
        self.lab, self.contenders, self.rounds, self.say, self.sample = lab, contenders, rounds, say, sample
        self.results = defaultdict(list)
        self.facts, self.modes, self.configurations = {}, {}, {}
        self.names = lab.backlog.names

    def _note(self, case, place, tool, value, unit="s"):
        self.results[case, place, tool].append(value)
        self.say(f"{case}, {place}, {tool}: {value:.3f} {unit}")

    def _order(self, number):
        """Every round begins with another tool."""
        at = number % len(self.contenders)
        return self.contenders[at:] + self.contenders[:at]

    # A store: drain the backlog into it, fetch it back, recover from it.

    def store(self, place, recovery):
        self.calibrate(place)
        for number in range(self.rounds):
            for tool in self._order(number):
                self._with(place, tool, lambda place=place, tool=tool: self._store_round(place, tool, recovery))

    def _with(self, place, tool, work):
        """Work with an empty repository. If it fails the scratch directory goes as a whole."""
        place.begin()
        tool.begin(place)
        result = work()
        tool.end()
        place.end()
        return result

    def _store_round(self, place, tool, recovery):
        self._mode(place, tool, "push")
        self._note("drain", place.name, tool.name, self.lab.drain(tool))
        sizes = place.sizes()
        if len(sizes) != len(self.names):
            raise measure.ToolFailed(f"{tool.title}: {len(sizes)} segments are stored, {len(self.names)} were to be")
        self.results["bytes", place.name, tool.name].append(sum(sizes))
        self._mode(place, tool, "fetch")
        self._note("fetch", place.name, tool.name, self.lab.fetch(tool).total)
        self.configurations[place.name, tool.name] = tool.configuration()
        if recovery:
            tool.clear_spool()
            self._note("recovery", place.name, tool.name, self.lab.recover(tool.restore_command))
            self.lab.rest(tool)

    def _mode(self, place, tool, way):
        tool.clear_spool()
        tool.set_mode(self.modes[place.name, tool.name, way])

    def calibrate(self, place):
        """Each tool's best mode for this store, by one try of each with a part of the backlog."""
        at = len(self.names) // 3
        part = self.names[at:at + self.sample]
        for tool in self.contenders:
            if (place.name, tool.name, "push") in self.modes:
                continue
            pushes, fetches = tool.modes("push"), tool.modes("fetch")
            taken = {mode: self._with(place, tool, lambda tool=tool, mode=mode: self._try_push(tool, mode, part))
                     for mode in pushes if len(pushes) > 1}
            best = self._choose(place, tool, "push", pushes, taken)
            taken = {}
            if len(fetches) > 1:
                taken = self._with(place, tool, lambda tool=tool, best=best: self._try_fetches(tool, best, fetches, part))
            self._choose(place, tool, "fetch", fetches, taken)

    def _choose(self, place, tool, way, modes, taken):
        best = min(taken, key=taken.get) if taken else modes[0]
        self.modes[place.name, tool.name, way] = best
        if taken:
            shown = ", ".join(f"{mode} {seconds:.2f} s" for mode, seconds in taken.items())
            self.facts["calibration", place.name, tool.name, way] = shown
            self.say(f"calibration, {place.name}, {tool.name} {way}: {shown}")
        return best

    def _try_push(self, tool, mode, names):
        tool.set_mode(mode)
        return self.lab.drain(tool, names=names)

    def _try_fetches(self, tool, push_mode, modes, names):
        self._try_push(tool, push_mode, names)
        taken = {}
        for mode in modes:
            tool.clear_spool()
            tool.set_mode(mode)
            taken[mode] = self.lab.fetch(tool, names).total
        return taken

    def floors(self, recovery):
        """What PostgreSQL takes with commands that cost nothing."""
        wal = self.lab.backlog.primary.data / "pg_wal"
        for _ in range(self.rounds):
            self._note("drain", "no store", "/bin/true", self.lab.drain(None, "/bin/true"))
            if recovery:
                self._note("recovery", "no store", "cp", self.lab.recover(lambda _: f"cp {wal}/%f %p"))

    # Single calls, to a directory.

    def push(self, place):
        names = spread(self.names, self.sample)
        for number in range(self.rounds):
            for tool in self._order(number):
                seconds = self._with(place, tool, lambda tool=tool: self._single(tool, "sync", names)).median
                self._note("push", place.name, tool.name, seconds * 1000, "ms")
                if tool.name == "walship" and tool.can_schedule:
                    seconds = self._with(place, tool, lambda tool=tool: self._scheduled(tool, names)).median
                    self._note("push with a schedule", place.name, tool.name, seconds * 1000, "ms")

    def _scheduled(self, tool, names):
        """The first push finds that nothing is due for an hour, at most; those that are measured look at its note."""
        tool.tool.configure(**{"schedule": "push", "expire-at": "0 3 1 1 *", "schedule-on": "any"})
        return self._single(tool, "sync", names[1:], names[0])

    def ack(self, place):
        names = self.names[:self.sample]
        for number in range(self.rounds):
            self._note("ack", place.name, "/bin/true", self.lab.calls(["/bin/true"], names * 4, "/").median * 1000, "ms")
            for tool in self._order(number):
                if tool.can_ahead["push"]:
                    mode = tool.modes("push")[0]
                    seconds = self._with(place, tool, lambda tool=tool, mode=mode: self._single(tool, mode, names[1:], names[0])).median
                    self._note("ack", place.name, tool.name, seconds * 1000, "ms")

    def _single(self, tool, mode, names, prepare=None):
        tool.set_mode(mode)
        return self.lab.push(tool, names, prepare)

    # Peak memory and requests: a pass of its own, for looking takes time.

    def memory(self, place):
        self.calibrate(place)
        for tool in self.contenders:
            self._with(place, tool, lambda tool=tool: self._memory(place, tool))
            self._with(place, tool, lambda tool=tool: self._memory_plain(place, tool))

    def _memory(self, place, tool):
        self._mode(place, tool, "push")
        tool.archive_command(self.lab.backlog.primary.data)  # its set-up is not counted below
        before = self._requests(place)
        with memory.Sampler(tool.exe, str(self.lab.directory)) as seen:
            self.lab.drain(tool)
        self._memory_note("push, all processes", place, tool, seen.peak_kib)
        between = self._requests(place)
        self._mode(place, tool, "fetch")
        with memory.Sampler(tool.exe, str(self.lab.directory)) as seen:
            self.lab.fetch(tool, check=True)
        self._memory_note("fetch, all processes", place, tool, seen.peak_kib)
        if before is not None:
            self._requests_note("push", place, tool, before, between)
            self._requests_note("fetch", place, tool, between, self._requests(place))

    def _memory_plain(self, place, tool):
        """One call by itself, as wait4 tells it."""
        tool.set_mode("sync")
        names = spread(self.names, min(self.sample, 8))
        self._memory_note("one push", place, tool, self.lab.push(tool, names).peak_kib)
        self._memory_note("one fetch", place, tool, self.lab.fetch(tool, names).peak_kib)

    def _memory_note(self, case, place, tool, kib):
        self.facts["memory", case, place.name, tool.name] = kib / 1024
        self.say(f"memory, {case}, {place.name}, {tool.name}: {kib / 1024:.1f} MB")

    @staticmethod
    def _requests(place):
        if not isinstance(place, places.Bucket):
            return None
        time.sleep(1.5)  # the server writes its log from a thread
        return place.requests()

    def _requests_note(self, case, place, tool, before, after):
        files = len(self.lab.backlog.waiting if case == "push" else self.names)
        made = {method: after[method] - before.get(method, 0) for method in after}
        shown = " + ".join(f"{number / files:.2f} {method}" for method, number in made.items() if number)
        self.facts["requests", case, tool.name] = (sum(made.values()) / files, shown)
        self.say(f"requests, {case}, {tool.name}: {shown} per file")


@contextlib.contextmanager
def one_processor():
    """All that is started within has the same one: push compresses by as many threads as there are processors."""
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


class Limits:
    """How far each stage of walship is from what one processor can do. Single calls, nothing ahead."""

    def __init__(self, lab, tool, say, sample):
        self.lab, self.tool, self.say = lab, tool, say
        self.names = spread(lab.backlog.names, min(sample, 12))
        self.least, self.ms, self.memory_speed, self.object_bytes = {}, {}, {}, 0

    def run(self):
        with one_processor():
            self._measure()
        self.ms = {key: sum(least) * 1000 / len(least) for key, least in self.least.items()}
        self.say(f"limits: {', '.join(f'{k} {v:.2f} ms' for k, v in self.ms.items())}")
        return self

    def _measure(self):
        wal = self.lab.backlog.primary.data / "pg_wal"
        done = host.run([self.lab.programs / "limits", *(wal / name for name in self.names)], timeout=600)
        for line in done.stdout.decode().splitlines():
            stage, seconds, taken, made = line.split()
            self.memory_speed[stage] = (float(seconds), float(taken), float(made))
        with tempfile.TemporaryDirectory(prefix="walship-", dir="/dev/shm") as name:
            ram = host.USER.own(Path(name), 0o755)
            for _ in range(TURNS):
                self._call("/bin/true", ["/bin/true"])
                self._call("start", [self.tool.program, "--version"])
                for key, options in (("gzip aes", {}), ("gzip", NO_CIPHER)):
                    self._walship(key, ram, ram, options)
                self._walship("disk", self.lab.directory, self.lab.directory, {})
                self._note("disk limit", self._disk())

    def _note(self, key, seconds):
        """Each segment's best of some turns: what else the machine does is left out as far as it can be."""
        self.least[key] = list(map(min, self.least.get(key, seconds), seconds))

    def _call(self, key, argv):
        self._note(key, self.lab.calls(argv, self.names, "/").seconds)

    def _walship(self, key, repository, data, options):
        place = places.Folder(repository)
        place.begin()
        self.tool.begin(place)
        self.tool.tool.configure(**options)
        self.tool.set_mode("sync")
        self._note(f"push {key}", self.lab.push(self.tool, self.names).seconds)
        self._note(f"fetch {key}", self.lab.fetch(self.tool, self.names, directory=data).seconds)
        if key == "disk":
            self.object_bytes = sum(place.sizes()) / len(self.names)
        self.tool.end()
        place.end()

    def _disk(self):
        """Milliseconds for a file of an object's size, written and synced, with its directory."""
        block, taken = b"\xa5" * int(self.object_bytes), []
        directory = self.lab.directory / "disk-limit"
        directory.mkdir()
        for name in self.names:
            begin = time.monotonic()
            measure.write_synced(directory / name, block)
            taken.append(time.monotonic() - begin)
        shutil.rmtree(directory)
        return taken
