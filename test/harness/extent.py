"""Selects the end-to-end tests of a run by TEST_EXTENT, and distributes them to the workers of pytest.

    full      every test; used without TEST_EXTENT
    default   no test marked full; N variants, evenly spread, of a parametrized test marked sample(N)
    sample    as default, with at most SAMPLE variants of each test: for slow programs, as with sanitizers
    quick     the tests marked heart, with at most SAMPLE variants of each
"""

import os
from collections import Counter, OrderedDict
from pathlib import Path

EXTENTS = ("full", "default", "sample", "quick")
SAMPLE = 2
BUDGETS = Path(__file__).parents[1] / "e2e/budgets"
SPLIT_S = 45  # the workers share a file with a greater budget; a smaller file stays with one worker
OTHER_S = 20  # the budget of a file that is not in the table


def extent():
    chosen = os.environ.get("TEST_EXTENT") or "full"
    if chosen not in EXTENTS:
        raise RuntimeError(f"TEST_EXTENT={chosen}: not one of {' '.join(EXTENTS)}")
    return chosen


def spread(count, wanted):
    """Numbers of wanted items, of count, the first and the last among them."""
    if wanted >= count:
        return set(range(count))
    return {round(place * (count - 1) / max(wanted - 1, 1)) for place in range(wanted)}


def allowed(item, chosen):
    """How many variants of this test run."""
    if chosen == "full":
        return None
    if item.get_closest_marker("full") or (chosen == "quick" and not item.get_closest_marker("heart")):
        return 0
    mark = item.get_closest_marker("sample")
    limits = [mark.args[0]] if mark else []
    if chosen != "default":
        limits.append(SAMPLE)
    return min(limits, default=None)


def select(items, chosen):
    """(items that run, items that do not)"""
    variants = Counter(function(item.nodeid) for item in items)
    seen, run, leave = Counter(), [], []
    for item in items:
        name = function(item.nodeid)
        limit = allowed(item, chosen)
        wanted = limit is None or seen[name] in spread(variants[name], limit)
        seen[name] += 1
        (run if wanted else leave).append(item)
    return run, leave


def every(step, jobs):
    """For a test that goes through many combinations: all of them in a full run, else every step'th."""
    return jobs if extent() == "full" else jobs[::step]


def rounds(full, otherwise):
    """How often a test of random moments tries: many times in a full run only."""
    return full if extent() == "full" else otherwise


def function(nodeid):
    """The test without its parameters."""
    return nodeid.partition("[")[0]


def budgets():
    """{file below test/e2e: seconds}"""
    lines = (line.split("#")[0].split() for line in BUDGETS.read_text().splitlines())
    return {line[0]: float(line[1]) for line in lines if line}


def scheduler(base, config, log):
    """For pytest-xdist: the longest work first, so that no worker ends long before the other."""
    seconds = budgets()

    class LongestFirst(base):
        def _split_scope(self, nodeid):
            path = nodeid.partition("::")[0]
            return function(nodeid) if seconds.get(path, OTHER_S) > SPLIT_S else path

        def _assign_work_unit(self, node):
            tests = Counter(nodeid.partition("::")[0] for nodeid in self.collection)

            def estimate(unit):
                path = unit[0].partition("::")[0]
                return -seconds.get(path, OTHER_S) * len(unit[1]) / tests[path]
            self.workqueue = OrderedDict(sorted(self.workqueue.items(), key=estimate))
            super()._assign_work_unit(node)

    return LongestFirst(config, log)
