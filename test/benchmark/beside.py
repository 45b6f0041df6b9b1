"""This walship beside another build of it, such as the one before a change: processor time, seconds, peak memory."""

import datetime
import os
import re
import statistics
import textwrap
from collections import defaultdict

from harness import host, walship

from . import memory, tools
from .report import STORES, table

HEADING = "## Beside another build of walship"
CALLS = {"push": "one push", "fetch": "one fetch"}
RUNS = {"push all": "push the backlog, ahead", "fetch all": "fetch the backlog, ahead"}
MEMORY_ROUNDS = 3

ABOUT = """*Now* is {now}, *before* is {other}. Both were measured in one run, `{command}`, {date}, on {cores} processors with a
load of {load:.1f} at the start. The two builds take turns, and each round begins with the other build. A ratio below 1 means that
the new build takes less. The table shows the median of the ratios of {rounds} rounds and, in brackets, their middle half.
*Processor time* is the time that the kernel counts for all processes of walship, including those in the background. Unlike the
elapsed seconds, it hardly grows while other programs use the same processors."""
CASES = """- *one push*, *one fetch*: {sample} segments, each by a call of its own without push-ahead or
  fetch-ahead. A round is the sum of the {sample} calls.
- *ahead*: all {segments} segments in order, from a small C loop instead of PostgreSQL.
- *Peak memory* of one call is the largest of all calls, from wait4. Of *ahead* it is the largest sum of the shares
  (PSS) of all processes, read every 10 ms in separate runs; the table shows the median of {memory_rounds} runs.
"""


def middle(values, digits):
    """Median and, with enough values, the middle half."""
    shown = f"{statistics.median(values):.{digits}f}"
    if len(values) < 4:
        return shown
    low, _, high = statistics.quantiles(values, n=4)
    return f"{shown} ({low:.{digits}f}..{high:.{digits}f})"


def reap():
    """Processor time of the background processes that have ended since the last time: they became our children."""
    taken = 0.0
    while True:
        try:
            child, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return taken
        if child == 0:
            return taken
        taken += used.ru_utime + used.ru_stime


class Beside:
    """given.beside is TEXT=PROGRAM. Each build has a directory of its own for its key and its spool."""

    def __init__(self, lab, given, say, sample):
        self.lab, self.given, self.say = lab, given, say
        self.label, program = given.beside.split("=", 1)
        self.names, self.sample = lab.backlog.names, sample
        self.part = self.names[::max(1, len(self.names) // sample)]
        self.builds = {"other": self._build("other", program), "now": self._build("now", walship.binary())}
        self.results, self.memory = defaultdict(list), defaultdict(list)

    def _build(self, name, program):
        directory = host.USER.mkdir(self.lab.directory / f"beside-{name}")
        copy = directory / "walship"
        copy.write_bytes(walship.Path(program).read_bytes())
        return tools.Walship(host.USER.own(copy, 0o755), directory)

    def run(self, place):
        for number in range(self.given.rounds):
            for case, mode, names in (("", "sync", self.part), (" all", "ahead", self.names)):
                for name in sorted(self.builds, reverse=number % 2 == 1):
                    self._with(place, name, self._round, case, mode, names)
            self.say(f"beside, {place.name}: round {number + 1} of {self.given.rounds}")
        for _ in range(MEMORY_ROUNDS):
            for name in self.builds:
                self._with(place, name, self._memory_round)

    def _with(self, place, name, work, *args):
        """Work with an empty repository."""
        place.begin()
        self.builds[name].begin(place)
        work(place, name, *args)
        self.builds[name].end()
        place.end()

    def _round(self, place, name, case, mode, names):
        tool = self.builds[name]
        tool.set_mode(mode)
        for way, work in (("push", self.lab.push), ("fetch", self.lab.fetch)):
            tool.clear_spool()
            reap()
            calls = work(tool, names)
            self.results[way + case, place.name, name].append((sum(calls.cpu) + reap(), calls.total))
            self.memory[way + case, place.name, name].append(calls.peak_kib / 1024)

    def _memory_round(self, place, name):
        """Of all processes together; in this pass the calls' content is compared, too."""
        tool = self.builds[name]
        tool.set_mode("ahead")
        for way, work in (("push", self.lab.push), ("fetch", lambda tool, names: self.lab.fetch(tool, names, check=True))):
            tool.clear_spool()
            with memory.Sampler(tool.exe, str(self.lab.directory)) as seen:
                work(tool, self.names)
            self.memory["shares", way + " all", place.name, name].append(seen.peak_kib / 1024)

    def section(self):
        now = tools.version(["git", "-c", "safe.directory=*", "-C", str(host.ROOT), "log", "-1", "--format=commit %h"])
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
        about = ABOUT.format(now=now, other=self.label, date=date, cores=os.cpu_count(), load=self.given.load,
                             rounds=self.given.rounds, command="test/bench --beside")
        listed = CASES.format(sample=len(self.part), segments=len(self.names), memory_rounds=MEMORY_ROUNDS)
        filled = textwrap.fill(about.replace("\n", " "), 118, break_long_words=False, break_on_hyphens=False)
        return "\n".join([f"{HEADING}\n", f"{filled}\n", listed, self._speed(), self._peaks()])

    def _rows(self):
        for case, title in {**CALLS, **RUNS}.items():
            for store, where in STORES.items():
                if (case, store, "now") in self.results:
                    yield case, store, f"{title}, {where}"

    def _speed(self):
        rows = []
        for case, store, title in self._rows():
            other, now = (self.results[case, store, name] for name in ("other", "now"))
            cpu, wall = ([new[i] / old[i] for old, new in zip(other, now)] for i in (0, 1))
            segments = len(self.part if case in CALLS else self.names)
            before, after = (statistics.median(taken[0] for taken in results) * 1000 / segments for results in (other, now))
            rows.append([title, f"{before:.1f} ms", f"{after:.1f} ms", middle(cpu, 3), middle(wall, 3)])
        return table(["processor time for each segment", "before", "now", "ratio", "ratio of seconds"], rows)

    def _peaks(self):
        rows = []
        for case, store, title in self._rows():
            if case in CALLS:
                before, after = (max(self.memory[case, store, name]) for name in ("other", "now"))
            else:
                before, after = (statistics.median(self.memory["shares", case, store, name]) for name in ("other", "now"))
            rows.append([title, f"{before:.1f} MB", f"{after:.1f} MB", f"{after / before:.2f}"])
        return table(["peak memory", "before", "now", "ratio"], rows)


def found_in(text, heading=HEADING):
    """The section in a file that an earlier run wrote; "" if there is none."""
    match = re.search(rf"^{heading}\n.*?(?=^## |\Z)", text, re.M | re.S)
    return match[0].rstrip("\n") + "\n" if match else ""


def put_into(text, section, heading=HEADING):
    """Behind the peak memory of the tools, in the place of an older one."""
    old = found_in(text, heading)
    if old:
        return text.replace(old, section)
    at = re.search(r"^## Each stage|^## Modes|\Z", text, re.M).start()
    return text[:at] + section + "\n" + text[at:]
