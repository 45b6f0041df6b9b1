"""The long run. Each leg archives from a real server under load while connections break, disks are full and processes are killed, then loses
the server and recovers from what was archived.

    CHAOS_SECONDS   how long the chaos lasts, in each leg (default 30; an hour is 3600)
    CHAOS_SEED      repeats the choices of a run; it is printed at the start and with each failure
    CHAOS_LEGS      names of legs, to run these alone, without a look at how much happened
"""

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait

from chaos import stores
from chaos.round import Leg, Round

SECONDS = float(os.environ.get("CHAOS_SECONDS") or 30)
SEED = int(os.environ.get("CHAOS_SEED") or int.from_bytes(os.urandom(4), "big"))
CHOSEN = os.environ.get("CHAOS_LEGS", "").split()
ROUND_S = 120  # bounds what a long run needs of disk and memory

PARTS = {"compress": "none", "s3-part-size": "5MiB"}
DAMAGED = {"rate": 0.15, "damage": True}
ALL_LEGS = (Leg("network", stores.behind_proxy(150_000), switch_s=0.6),
            Leg("network-parts", stores.behind_proxy(6_000_000), segment_mib=16, switch_s=3, options=PARTS, rate=0.25, recovery={"rate": 0.1}),
            Leg("answers", stores.strict, segment_mib=2, switch_s=0.5, recovery=DAMAGED),
            Leg("answers-parts", stores.strict, segment_mib=8, switch_s=2, options=PARTS, rate=0.25, recovery=DAMAGED),
            Leg("full-disk", stores.full_disk, switch_s=0.6, fault_code=5))
LEGS = tuple(leg for leg in ALL_LEGS if not CHOSEN or leg.name in CHOSEN)


def run_leg(leg, scratch, program, stopping, say):
    """Rounds until the time is used; returns the sum of their figures."""
    figures, left, number = Counter(), SECONDS, 0
    while left > 0:
        number += 1
        seconds = ROUND_S if left >= 2 * ROUND_S else left
        left -= seconds
        with Round(leg, scratch, program, f"{SEED} {leg.name} {number}", stopping) as one:
            figures.update(one.run(seconds))
        say(f"{leg.name}: rounds: {number}, " + ", ".join(f"{what}: {n}" for what, n in sorted(figures.items())))
    return figures


def test_chaos(scratch, program, capsys):
    """All legs at once: most of what each does is waiting."""
    lock = threading.Lock()

    def say(text):
        with lock, capsys.disabled():
            print(f"\n{text}", flush=True)

    print(f"CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}")
    say(f"CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}, legs: {' '.join(leg.name for leg in LEGS)}")
    stopping = threading.Event()
    with ThreadPoolExecutor(len(LEGS)) as pool:
        runs = [pool.submit(run_leg, leg, scratch, program, stopping, say) for leg in LEGS]
        try:
            wait(runs)
        except BaseException:
            stopping.set()
            raise
    errors = [run.exception() for run in runs if run.exception()]
    if errors:
        raise ExceptionGroup(f"CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g}", errors)
    total = sum((run.result() for run in runs), Counter())
    say("all: " + ", ".join(f"{what}: {n}" for what, n in sorted(total.items())))
    if not CHOSEN:
        check_amount(total)


def check_amount(figures):
    """A run in which little happened shows little."""
    assert figures["faults"] + figures["faults in recovery"] >= 100
    assert figures["faults"] + figures["faults in recovery"] >= 3 * SECONDS
    assert figures["killed push"] >= 25 and figures["killed push"] >= SECONDS / 2
    assert figures["server stops"] >= 2 and figures["recovery restarts"] >= 1
    assert figures["segments acknowledged"] >= 30 and figures["found identical"] >= 1
    assert figures["backups listed"] >= len(LEGS) and figures["restored to a commit"] >= 1
    assert sum(number for what, number in figures.items() if what.startswith("backup ")) >= len(LEGS)
    assert figures["restore exit -9"] >= 1 and figures["restore exit 0 with --delta"] >= 1
    assert figures["rows that had to be there"] >= 10 * SECONDS
