"""See test/bench."""

import argparse
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness import certs, host, radosgw, walship

from . import backlog, backups, beside, cases, measure, places, report, stream, tools

STORES = ("directory", "s3", "far")
CASES = (*STORES, "recovery", "push", "ack", "memory", "limits")
PR_SET_CHILD_SUBREAPER = 36
BEGIN = time.monotonic()
DOCUMENT = host.ROOT / "doc/benchmarks.md"


def say(text):
    print(f"[{time.monotonic() - BEGIN:7.1f} s] {text}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="test/bench", description="the head of test/bench tells more")
    parser.add_argument("--quick", action="store_true", help="a small backlog, one round, nothing written to doc/")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--only", action="append", choices=(*CASES, *stream.PARTS), default=[])
    parser.add_argument("--keep", action="store_true", help="leave the scratch directory")
    parser.add_argument("--segments", type=int, default=0, help="how many are to wait at least")
    parser.add_argument("--beside", metavar="TEXT=PROGRAM", help="this walship beside another build of it, and nothing else")
    parser.add_argument("--backups", action="store_true", help="base backups, and nothing else")
    parser.add_argument("--stream", action="store_true", help="streaming and recovery, and nothing else")
    parser.add_argument("--kills", type=int, default=0, help="rpo: number of times that the server is lost")
    parser.add_argument("--scale", type=int, default=0, help="rto: the scale of pgbench")
    parser.add_argument("--walship", action="append", default=[], metavar="OPTION=VALUE", help="of walship.conf")
    given = parser.parse_args()
    if set(given.only) & set(CASES if given.stream else stream.PARTS):
        parser.error("--only: with --stream a part of it, and no other case")
    given.rounds = given.rounds or (1 if given.quick else 3)
    given.segments = given.segments or (10 if given.quick else 100 if given.stream else 84)
    given.load, given.command = os.getloadavg()[1], sys.argv[1:]
    given.chosen = set(given.only or (stream.PARTS if given.stream else CASES))
    if not given.chosen & set(STORES) and "recovery" in given.chosen:
        given.chosen |= set(STORES)
    return given


def build(directory):
    """The C programs of the bench."""
    source = Path(__file__).parent
    for name, libraries in (("calls", []), ("delay", []), ("limits", ["-lisal", "-lz", "-lcrypto"])):
        subprocess.run(["gcc", "-O2", "-o", directory / name, source / f"{name}.c", *libraries], check=True)


class Bench:
    """What is set up, and taken down again whatever happens."""

    def __init__(self, given):
        self.given = given
        self.scratch = host.Scratch("walship-bench-")
        self.directory = self.scratch.directory("b")
        self.server = self.delay = self.backlog = None

    def run(self):
        given, programs = self.given, self.scratch.directory("bin")
        build(programs)
        if given.backups or given.stream:
            (self._backups if given.backups else self._stream)(programs)
            return
        self.backlog = backlog.Backlog(self.directory, say, given.segments, 2 if given.quick else 20).make()
        say(f"backlog: {len(self.backlog.names)} segments")
        lab = measure.Lab(self.directory, self.backlog, programs)
        if given.beside:
            self._beside(lab, programs)
            return
        extra = dict(option.split("=", 1) for option in given.walship)
        contenders = [tools.Walship(walship.install(programs), self.directory, extra),
                      tools.PgBackRest(self.directory, "gz"), tools.PgBackRest(self.directory, "lz4")]
        done = cases.Cases(lab, contenders, given.rounds, say, 4 if given.quick else 16)
        found = self._cases(done, self._places(programs))
        text = report.Report(done, found, self.backlog, contenders[0].program, given).text()
        print("\n" + text)
        if not given.quick and not given.only:
            for heading in (beside.HEADING, backups.HEADING, *stream.HEADINGS):
                kept = beside.found_in(DOCUMENT.read_text(), heading)
                text = beside.put_into(text, kept, heading) if kept else text
            DOCUMENT.write_text(text)
            say(f"written: {DOCUMENT}")

    def _beside(self, lab, programs):
        made = self._places(programs)
        work = beside.Beside(lab, self.given, say, 4 if self.given.quick else 8)
        for place in (made["directory"], made["s3"]):
            work.run(place)
        print("\n" + work.section())
        if not self.given.quick:
            DOCUMENT.write_text(beside.put_into(DOCUMENT.read_text(), work.section()))
            say(f"written: {DOCUMENT}")

    def _backups(self, programs):
        made = self._places(programs)
        work = backups.Backups(self, programs, say)
        work.run(list(made.values()))
        print("\n" + work.section())
        if not self.given.quick:
            DOCUMENT.write_text(beside.put_into(DOCUMENT.read_text(), work.section(), backups.HEADING))
            say(f"written: {DOCUMENT}")

    def _stream(self, programs):
        stream.Stream(self, programs, self._places(programs), say, DOCUMENT).run()

    def _places(self, programs):
        """The stores that this run needs."""
        made = {"directory": places.Folder(self.directory)}
        if self.given.beside or self.given.stream or (self.given.chosen & {"s3", "far", "memory"} and not (self.given.backups and self.given.quick)):
            self.server = radosgw.Radosgw(self.scratch.directory("s3"), certs.Authority(self.scratch.path / "ca"), 6144).start()
            self.delay = places.Delay(programs / "delay", self.server.tls_port)
            secret = host.USER.write(self.directory / "s3-secret", self.server.secret_key + "\n", 0o600)
            far = f"S3 with {2 * places.ONE_WAY_MS} ms round trip"
            made["s3"] = places.Bucket("s3", "S3 over TLS", self.server, self.server.tls_port, secret)
            made["far"] = places.Bucket("far", far, self.server, self.delay.port, secret)
        return made

    def _cases(self, done, made):
        chosen, recovery, found = self.given.chosen, "recovery" in self.given.chosen, None
        if "limits" in chosen:
            found = cases.Limits(done.lab, done.contenders[0], say, done.sample).run()
        if chosen & set(STORES):
            done.floors(recovery)
        for name in STORES:
            if name in chosen:
                done.store(made[name], recovery)
        if "push" in chosen:
            done.push(made["directory"])
        if "ack" in chosen:
            done.ack(made["directory"])
        for name in ("directory", "s3") if "memory" in chosen else ():
            done.memory(made[name])
        return found

    def close(self):
        if self.backlog:
            self.backlog.primary.stop(signal.SIGQUIT)
        if self.delay:
            self.delay.stop()
        if self.server:
            self.server.stop()
        end_children()
        if self.given.keep:
            say(f"kept: {self.scratch.path}")
        else:
            self.scratch.remove()


def end_children():
    """What tools left in the background is ours (see main): it is killed, and the dead are collected."""
    for _ in range(100):
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        while children:
            try:
                os.waitpid(-1, 0)
                children.pop()
            except ChildProcessError:
                return


def main():
    given = arguments()
    # Background processes of the tools become our children, so that none is left behind.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    # Also where who started us had it ignored, as a shell's & does.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    bench = Bench(given)
    try:
        bench.run()
        return 0
    except (measure.ToolFailed, AssertionError) as problem:
        print(f"bench: a tool failed: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        bench.close()


sys.exit(main())
