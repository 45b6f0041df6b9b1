"""doc/benchmarks.md: what was measured, on what, how, and how to read it."""

import datetime
import os
import platform
import re
import statistics
from pathlib import Path

from harness import host

from . import tools

# (case, store): times faster than pgBackRest gz, than its lz4.
TO_REACH = {("drain", "directory"): (12, 2), ("drain", "s3"): (8, 2.5), ("drain", "far"): (10, 3),
            ("fetch", "directory"): (3, 2), ("fetch", "s3"): (4, 4), ("fetch", "far"): (5, 5), ("push", "directory"): (12, None)}
STORES = {"directory": "directory", "s3": "S3 over TLS", "far": "S3, 30 ms", "no store": "no store"}
CASES = {"drain": ("drain a backlog", "s"), "fetch": ("fetch all in order", "s"), "recovery": ("recover all of it", "s"),
         "push": ("one cold push, sync", "ms")}
MEMORY_TO_REACH = {"one push": "20 MB", "one fetch": "20 MB", "push, all processes": "96 MB", "fetch, all processes": ""}

INTRO = """# Benchmarks

The tables compare walship at its default level of gzip with pgBackRest, gz and lz4, both with AES-256. All ran on one
machine in one run, over one backlog of {segments} real segments of 16 MiB: pgbench's TPC-B, inserts of random text, the
build of an index. `./test/bench` makes the backlog, measures, and writes this file; nothing in it is written by hand.

Seconds differ from machine to machine and from hour to hour: **compare the ratios**. The tools take turns within each
round. A cell is the median of {rounds} rounds and, in brackets, the spread. A ratio is the median of the rounds' own
ratios. Bold means that the target is reached. Raw numbers, calibration and configurations are at the end.

- *drain*: from the start of the server until no `.ready` file is left, as PostgreSQL's archiver calls the tool. The row
  `/bin/true` shows the server's own part. fsync of PostgreSQL itself is off, that of the tools is on.
- *fetch*: every segment once, in order, from a small C loop instead of PostgreSQL; only the time of the calls counts.
- *recover*: from the start of a base backup until the server has replayed everything and opens. The test counts the
  rows afterwards. The row `cp` shows the time that PostgreSQL needs when the WAL lies beside it.
- *sync* is one call for one segment. *async xN* is pgBackRest's archive-async with process-max N, and *ahead* is the
  same idea in walship. A try of each with {sample} segments finds the best one.
- *S3* is radosgw with its data in memory, on the same cores as the tools. *30 ms* is a proxy before it that delays
  every byte by 15 ms each way, and makes a new connection wait for a round trip. The proxy has no slow start, no loss
  and no limit of bandwidth, so the tables measure waiting.
"""


def spread(values, digits):
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


class Report:
    """text() is the whole file. What this run did not measure is not in it."""

    def __init__(self, done, found, backlog, program, given):
        self.done, self.found, self.backlog, self.program, self.given = done, found, backlog, program, given
        self.results, self.facts = done.results, done.facts

    def text(self):
        intro = INTRO.format(segments=len(self.backlog.names), rounds=self.given.rounds, sample=self.done.sample)
        parts = [intro, self._machine(), self._speed(), self._bytes(), self._ack(), self._requests(), self._memory(),
                 self._stages(), self._modes(), self._configurations(), self._raw()]
        return "\n".join(part for part in parts if part)

    def _machine(self):
        commit = tools.version(["git", "-c", "safe.directory=*", "-C", str(host.ROOT), "log", "-1", "--format=%h"])
        cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024 / 1024
        disk = tools.version(["stat", "-f", "-c", "%T", str(self.done.lab.directory)])
        rows = [["date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")],
                ["machine", f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, disk {disk}"],
                ["load before", f"{self.given.load:.1f} (what else ran then; a quiet machine has 0)"],
                ["kernel", f"{platform.system()} {platform.release()}"],
                ["walship", f"{tools.version([str(self.program), '--version']).splitlines()[0]}, commit {commit}"],
                ["pgBackRest", tools.version(["pgbackrest", "version"])],
                ["PostgreSQL", tools.version([str(host.PG_BIN / "postgres"), "--version"])],
                ["radosgw", tools.version(["radosgw", "--version"]).split(" (")[0]],
                ["OpenSSL", tools.version(["openssl", "version"]).split(" (")[0]],
                ["command", f"`./test/bench {' '.join(self.given.command)}`".replace(" `", "`")]]
        return "## Machine and versions\n\n" + table(["", ""], rows)

    def _speed(self):
        tables = [self._speed_beside(tool, place) for place, tool in enumerate(("gz", "lz4"))]
        return "## Speed\n\n" + "\n".join(tables) if all(tables) else ""

    def _speed_beside(self, tool, place):
        """One table for each of pgBackRest's compressions: together they are too wide for a terminal."""
        rows = []
        for case, (title, unit) in CASES.items():
            for store, where in STORES.items():
                if (case, store, "walship") in self.results:
                    target = TO_REACH.get((case, store), (None, None))[place]
                    rows.append([f"{title}, {where}", *self._speed_cells(case, store, tool, target, unit)])
            floor = {"drain": "/bin/true", "recovery": "cp"}.get(case)
            if (case, "no store", floor) in self.results:
                rows.append([f"PostgreSQL alone, `{floor}`", f"{spread(self.results[case, 'no store', floor], 2)} s"] + [""] * 3)
        scheduled = self.results.get(("push with a schedule", "directory", "walship"))
        if scheduled:
            rows.append(["push with a schedule, nothing due", f"{spread(scheduled, 1)} ms"] + [""] * 3)
        return table(["", "walship", f"pgBackRest {tool}", "times faster", "to reach"], rows) if rows else ""

    def _speed_cells(self, case, store, tool, target, unit):
        digits = 2 if unit == "s" else 1
        ours, theirs = self.results[case, store, "walship"], self.results[case, store, tool]
        ratios = [their / our for their, our in zip(theirs, ours)]
        shown = spread(ratios, 2)
        reached = target is not None and statistics.median(ratios) >= target
        return [f"{spread(ours, digits)} {unit}", f"{spread(theirs, digits)} {unit}", f"**{shown}**" if reached else shown,
                "" if target is None else f"{target:g}"]

    def _bytes(self):
        rows = []
        for store, where in STORES.items():
            if ("bytes", store, "walship") in self.results:
                ours, gz, lz4 = (statistics.median(self.results["bytes", store, tool]) for tool in ("walship", "gz", "lz4"))
                more = (ours / gz - 1) * 100
                shown = f"{more:+.1f} %"
                rows.append([where, *(f"{n / 1e6:.1f} MB, {self.backlog.bytes / n:.2f}:1" for n in (ours, gz, lz4)),
                             f"**{shown}**" if more <= 8 else shown, "at most +8 %"])
        head = ["", "walship", "pgBackRest gz", "pgBackRest lz4", "walship to gz", "to reach"]
        return f"## Bytes stored, of {self.backlog.bytes / 1e6:.0f} MB of WAL\n\n" + table(head, rows) if rows else ""

    def _ack(self):
        true = self.results.get(("ack", "directory", "/bin/true"))
        if not true:
            return ""
        rows = [["`/bin/true`", f"{spread(true, 2)} ms", "1", ""]]
        for tool in self.done.contenders:
            values = self.results.get(("ack", "directory", tool.name))
            shown = "works for one segment only" if not values else f"{spread(values, 2)} ms"
            ratio = statistics.median([mine / base for mine, base in zip(values, true)]) if values else None
            times = "" if ratio is None else f"{ratio:.1f}"
            ours = tool.name == "walship"
            rows.append([tool.title, shown, f"**{times}**" if ours and values and ratio <= 3 else times, "at most 3" if ours else ""])
        return "## A segment that was pushed ahead, answered by its pushed marker\n\n" + table(["", "one call", "times /bin/true", "to reach"], rows)

    def _requests(self):
        rows = []
        for case, title in (("push", "push"), ("fetch", "fetch")):
            if ("requests", case, "walship") in self.facts:
                cells = []
                for tool in self.done.contenders:
                    number, shown = self.facts["requests", case, tool.name]
                    text = f"{number:.2f} ({shown})"
                    cells.append(f"**{text}**" if tool.name == "walship" and abs(number - 1) < 0.005 else text)
                rows.append([title, *cells, "1"])
        head = ["for each file, in S3", *(tool.title for tool in self.done.contenders), "to reach"]
        return "## Requests, by the server's log\n\n" + table(head, rows) if rows else ""

    def _memory(self):
        rows = []
        for case, limit in MEMORY_TO_REACH.items():
            for store in ("directory", "s3"):
                if ("memory", case, store, "walship") in self.facts:
                    cells = []
                    for tool in self.done.contenders:
                        value = self.facts["memory", case, store, tool.name]
                        reached = tool.name == "walship" and limit and value <= float(limit.split()[0])
                        cells.append(f"**{value:.1f} MB**" if reached else f"{value:.1f} MB")
                    rows.append([f"{case}, {STORES[store]}", *cells, f"at most {limit}" if limit else ""])
        if not rows:
            return ""
        text = ("One push or fetch: sync, the largest of several calls by wait4. All processes: the sum of the shares (PSS) of all\n"
                "processes of the tool while the backlog is drained or fetched, read every 10 ms, in a pass of its own.\n\n")
        return "## Peak memory\n\n" + text + table(["", *(tool.title for tool in self.done.contenders), "to reach"], rows)

    def _stages(self):
        if not self.found:
            return ""
        ms, n = self.found.ms, len(self.found.names)
        limit = {stage: seconds * 1000 / n for stage, (seconds, _, _) in self.found.memory_speed.items()}
        common = ms["start"] + limit["hmac"]
        stages = [
            ("start and end of a process", ms["start"], ms["/bin/true"], "`/bin/true`"),
            ("push: read, compress, write", ms["push gzip"] - common, limit["isal-1"], "ISA-L level 1 in memory"),
            ("push: encrypt", ms["push gzip aes"] - ms["push gzip"], limit["aes-encrypt"], "AES-256-CBC in memory"),
            ("push: make durable", ms["push disk"] - ms["push gzip aes"], ms["disk limit"], "write and fsync of as many bytes"),
            ("push: all but the disk", ms["push gzip aes"], ms["/bin/true"] + limit["isal-1"] + limit["aes-encrypt"] + limit["hmac"], "the sum of these and HMAC-SHA-256"),
            ("fetch: read, decompress, write", ms["fetch gzip"] - common, limit["isal-inflate"] + limit["memcpy"], "ISA-L and memcpy in memory"),
            ("fetch: decrypt", ms["fetch gzip aes"] - ms["fetch gzip"], limit["aes-decrypt"], "AES-256-CBC in memory"),
            ("fetch: all but the disk", ms["fetch gzip aes"], ms["/bin/true"] + limit["isal-inflate"] + limit["memcpy"] + limit["aes-decrypt"] + limit["hmac"], "the sum of these and HMAC-SHA-256"),
        ]
        rows = [[name, f"{taken:.2f} ms", f"{least:.2f} ms", f"{taken / least:.1f}", what] for name, taken, least, what in stages]
        text = (f"Mean of single calls with {n} segments from all parts of the backlog, the best of three for each; sync. Repository\n"
                "and data directory are in memory, except for the row of the disk. Calls and limits have the same single processor\n"
                "here: with all processors, as in the tables above, a push to a directory compresses in several threads. Stages are\n"
                "differences, so small ones carry the noise of large ones (a negative value is noise alone). A durable push also\n"
                "syncs a directory of its own and a link; the limit syncs one file and its directory.\n\n")
        return ("## Each stage beside its own limit, for one segment\n\n" + text
                + table(["stage", "walship", "limit", "times", "what the limit is"], rows) + "\n" + self._speeds())

    def _speeds(self):
        rows = []
        for stage, (seconds, taken, made) in self.found.memory_speed.items():
            wal = made if "inflate" in stage else taken
            ratio = f"{taken / made:.2f}:1" if stage.startswith(("isal-", "zlib-")) and "inflate" not in stage else ""
            rows.append([stage, f"{wal / seconds:.0f} MB/s", ratio])
        return "That one processor, in memory; compression and decompression in MB of WAL, the rest in MB of its own input:\n\n" + table(["", "speed", "ratio"], rows)

    def _modes(self):
        rows = [[STORES[store], tool, way, mode, re.sub(r" s(?=,|$)", "", self.facts.get(("calibration", store, tool, way), ""))]
                for (store, tool, way), mode in self.done.modes.items()]
        return "## Modes\n\n" + table(["store", "tool", "", "used", "calibration, seconds"], rows) if rows else ""

    def _configurations(self):
        found = {(store, tool): text for (store, tool), text in self.done.configurations.items() if tool != "lz4"}
        if not found:
            return ""
        commands = ("Commands: `walship push %p`, `walship fetch %f %p`; `pgbackrest --stanza=main archive-push %p`,\n"
                    "`pgbackrest --stanza=main archive-get %f %p`, each with its `--config`. pgBackRest lz4 is the same with\n"
                    "`compress-type=lz4`; its own log file is off, which only helps it.\n")
        blocks = [f"\n{STORES[store]}, {tool}:\n\n" + re.sub("^(?=.)", "    ", self._neutral(text).rstrip(), flags=re.M) + "\n"
                  for (store, tool), text in found.items()]
        return "## Commands and configurations\n\n" + commands + "".join(blocks)

    def _neutral(self, text):
        return text.replace(str(self.done.lab.directory), "SCRATCH").replace(str(self.done.lab.directory.parent), "SCRATCH")

    def _raw(self):
        rows = [[case, STORES[store], tool, " ".join(f"{value:.3f}" if case != "bytes" else str(value) for value in values)]
                for (case, store, tool), values in self.results.items()]
        return "## Every round\n\n" + table(["case", "store", "tool", "seconds (push, ack: ms)"], rows) if rows else ""
