"""The demonstration of the README, with the program under test, as anybody would start it."""

import os
import subprocess

import pytest

from harness import host, walship


@pytest.mark.parametrize("store", ["dir", "s3"])
def test_demo(scratch, store):
    place = scratch.directory("demo")
    done = subprocess.run([host.ROOT / "test/demo", store], cwd=place, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=180, check=False,
                          env={**os.environ, "TMPDIR": str(place), "WALSHIP": str(walship.binary())})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every row is back." in done.stdout
    assert "bytes of WAL" in done.stdout
    assert not list(place.iterdir()), "something left behind"
