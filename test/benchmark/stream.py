"""walship stream and recovery, each part by itself: test/bench --stream [--only rpo|sync|cost|rto]."""

import datetime
import os
import textwrap

from harness import walship

from . import beside, stream_cost, stream_rpo, stream_rto, stream_sync

PARTS = {"rpo": stream_rpo.Rpo, "sync": stream_sync.Sync, "cost": stream_cost.Cost, "rto": stream_rto.Rto}
HEADINGS = (stream_rpo.HEADING, stream_sync.HEADING, stream_cost.HEADING, stream_rto.HEADING)


class Stream:
    """Runs the chosen parts, and writes the section of each part as soon as the part is done."""

    def __init__(self, bench, programs, places, say, document):
        self.bench, self.given, self.places, self.say, self.document = bench, bench.given, places, say, document
        self.program = walship.install(programs)

    def run(self):
        for name, part in PARTS.items():
            if name in self.given.chosen:
                work = part(self.bench, self.program, self.places["s3"] if name == "rpo" else self.places, self.say)
                work.run()
                self._write(work)

    def _write(self, work):
        section = work.section(self._about)
        print("\n" + section, flush=True)
        if not self.given.quick:
            heading = section.split("\n", 1)[0]
            self.document.write_text(beside.put_into(self.document.read_text(), section, heading))
            self.say(f"written: {self.document}")

    def _about(self, heading, text):
        command = " ".join(["./test/bench", *self.given.command])
        begin = (f"`{command}`, {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, {os.cpu_count()} processors with a load of "
                 f"{self.given.load:.1f} at the start; {self.given.rounds} rounds where a cell has a spread.")
        return f"{heading}\n\n{textwrap.fill(' '.join(f'{begin} {text}'.split()), 118)}\n\n"
