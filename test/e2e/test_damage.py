"""Objects that are not what was stored: every one refused, and nothing at DEST."""

import os
import random

import pytest

from harness import extent, host, objects, wal

FLIPS = extent.rounds(500, 40)  # for each of two objects


@pytest.fixture
def shop(dir_site, request):
    """Put an object's bytes in place and fetch it, quickly: (site, name, content, whole object, try_fetch)."""
    name, content, object_name = dir_site.kind(request.param)
    path = dir_site.file(name, content)
    dir_site.run("push", path, "--system-id", dir_site.system_id).expect(0)
    whole = dir_site.store.get(object_name)
    dest = dir_site.scratch.directory("dest") / "RECOVERYXLOG"

    def attempt(data):
        dir_site.store.put(object_name, data)
        done = dir_site.run("fetch", name, dest, "--system-id", dir_site.system_id)
        left = list(dest.parent.iterdir())
        for each in left:
            each.unlink()
        return done, left
    done, left = attempt(whole)
    done.expect(0)
    assert left == [dest]
    return dir_site, name, content, whole, attempt


def refuse(attempt, name, data, what):
    done, left = attempt(data)
    assert not left, f"{what}: left {left}"
    assert done.code == 255, f"{what}: exit {done.code}: {done.err}"
    done.expect(255, rf"fetch {name}: ", r".")


@pytest.mark.parametrize("shop", ["history", "segment"], indirect=True)
def test_bit_flips(shop, seed):
    """Random bits all over the object, and every byte of header and tag."""
    _, name, _, whole, attempt = shop
    source = random.Random(seed)
    size = len(whole)
    bits = {source.randrange(size * 8) for _ in range(FLIPS)}
    for place in (*range(64), *range(size - 32, size)):
        bits.add(place * 8 + source.randrange(8))
    while len(bits) < FLIPS + 96:
        bits.add(source.randrange(size * 8))
    for bit in sorted(bits):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        refuse(attempt, name, bytes(data), f"bit {bit} of {size * 8}")


@pytest.mark.heart
@pytest.mark.parametrize("shop", ["history", "segment"], indirect=True)
def test_truncated_and_longer(shop, seed):
    _, name, _, whole, attempt = shop
    source = random.Random(seed)
    size = len(whole)
    for length in sorted({0, 1, 7, 8, 9, 16, 32, 63, 64, 65, 80, 95, 96, 97, 112, size - 33, size - 32, size - 16, size - 1,
                          *(source.randrange(size) for _ in range(40))}):
        refuse(attempt, name, whole[:length], f"the first {length} bytes of {size}")
    for more in (b"\0", bytes(16), whole, whole[-32:]):
        refuse(attempt, name, whole + more, f"{len(more)} bytes more")


@pytest.mark.parametrize("shop", ["segment"], indirect=True)
def test_renamed_objects(shop):
    """The name is bound in: a good object under another name is no good, of the same cluster or of another."""
    site, _, content, whole, _ = shop
    dest = site.scratch.directory("dest") / "x"
    for system_id, name in ((site.system_id, wal.segment_name(1, 4, wal.MIB)), (site.system_id + 1, wal.SEGMENT),
                            (site.system_id, wal.SEGMENT + ".partial"), (site.system_id, "00000002.history")):
        site.store.put(wal.object_name(system_id, name), whole)
        site.run("fetch", name, dest, "--system-id", system_id).expect(255, rf"fetch {name}: ", r".")
        assert not dest.exists()
        site.run("cat", name, "--system-id", system_id).expect(255, rf"cat {name}: ", r".")


@pytest.mark.parametrize("kind", ["wrong content", "cluster of another", "too short", "not gzip", "two members", "trailing bytes"])
def test_authentic_but_wrong(dir_site, kind):
    """Sealed with the right key and name, but not what a segment of that name is."""
    site = dir_site
    name, content, object_name = site.kind("segment")
    key = site.walship.key
    if kind == "wrong content":
        data = objects.make_object(wal.segment(site.system_id, name, wal.MIB, address=0x7000000), object_name, key)
    elif kind == "cluster of another":
        data = objects.make_object(wal.segment(site.system_id + 1, name, wal.MIB), object_name, key)
    elif kind == "too short":
        data = objects.make_object(content[:-wal.PAGE], object_name, key)
    else:
        import gzip
        packed = {"not gzip": content, "two members": gzip.compress(content[:99999]) + gzip.compress(content[99999:])[:-9],
                  "trailing bytes": gzip.compress(content) + b"more"}[kind]
        plain_object = objects.make_object(packed, object_name, key, objects.NONE, salt=bytes(32))
        data = reseal(plain_object, object_name, key)
    site.store.put(object_name, data)
    dest = site.scratch.directory("dest") / "x"
    site.run("fetch", name, dest, "--system-id", site.system_id).expect(255, rf"fetch {name}: ", r".")
    assert not dest.exists()


def reseal(data, object_name, key):
    """Say "gzip" in the header, and authenticate that."""
    import hmac
    signed = data[:8] + bytes([objects.GZIP]) + data[9:-objects.TAG]
    secrets = objects.hkdf(key, data[32:64], b"walship 1 object " + object_name.encode(), 80)
    return signed + hmac.digest(secrets[48:], signed, "sha256")


def test_push_onto_a_damaged_object(dir_site):
    """What lies there cannot be compared, so it is not success; and it is not replaced."""
    name, content, object_name = dir_site.kind("segment")
    path = dir_site.file(name, content)
    dir_site.run("push", path).expect(0)
    damaged = dir_site.store.get(object_name)[:-1]
    dir_site.store.put(object_name, damaged)
    dir_site.run("push", path).expect(4, rf"push {name}: ", r".")
    assert dir_site.store.get(object_name) == damaged


def test_s3_answer_cut_short(s3_site):
    """The connection ends within the body: not a byte of it at DEST, and no "not found"."""
    name, content, object_name = s3_site.kind("segment")
    s3_site.run("push", s3_site.file(name, content)).expect(0)
    size = len(s3_site.store.get(object_name))
    s3_site.walship.configure(fetch_timeout="1s")
    for after in (5000, size // 2, size):
        s3_site.store.proxy.cut(after)
        dest = s3_site.scratch.directory("dest") / "x"
        s3_site.run("fetch", name, dest, "--system-id", s3_site.system_id).expect(255, rf"fetch {name}: .*the answer was cut off")
        assert not list(dest.parent.iterdir())
    s3_site.store.proxy.forward()
    s3_site.run("fetch", name, dest, "--system-id", s3_site.system_id).expect(0)


def test_a_pipe_in_place_of_an_object(dir_site):
    """Nobody waits for who may write to it: it is damage at once."""
    name, content, object_name = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content), "--system-id", dir_site.system_id).expect(0)
    path = dir_site.store.path / object_name
    path.unlink()
    os.mkfifo(path, 0o600)
    host.USER.own(path, 0o600)
    dir_site.run("cat", name, "--system-id", dir_site.system_id).expect(255, "truncated", ".")
