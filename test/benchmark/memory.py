"""Peak memory of all the processes of a tool together: their share of each page (PSS), looked at again and again."""

import re
import threading

from . import tools

PSS = re.compile(r"^Pss:\s+(\d+) kB", re.M)
INTERVAL = 0.01


class Sampler(threading.Thread):
    """Between `with` and its end. Short peaks between two looks are missed; calls one by one are measured with wait4."""

    def __init__(self, exe, below):
        super().__init__(daemon=True)
        self.exe, self.below = exe, below
        self.peak_kib, self.processes = 0, 0
        self.ended = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()

    def run(self):
        while not self.ended.wait(INTERVAL):
            found = tools.processes(self.exe, self.below)
            self.processes = max(self.processes, len(found))
            self.peak_kib = max(self.peak_kib, sum(map(share, found)))


def share(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            found = PSS.search(file.read())
            return int(found[1]) if found else 0
    except OSError:
        return 0
