"""A walship that was built without ISA-L, zstd and lz4: it says so, in time, and works."""

import os

import pytest

from harness import objects

PROGRAM = os.environ.get("WALSHIP_FEW")

pytestmark = pytest.mark.skipif(not PROGRAM, reason="WALSHIP_FEW names no walship that was built without the optional codecs")


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_push_is_refused_before_anything_happens(dir_site, codec):
    """A usage error even where there is no file, no repository and no key."""
    done = dir_site.run("push", "/nonexistent/" + dir_site.kind("segment")[0], "--compress", codec, "--repo", "file:///nonexistent",
                        "--cipher-key-file", "/nonexistent")
    done.expect(2, rf"compress = {codec}: this walship was built without {codec}", rf"meson's -D{codec}=enabled")


@pytest.mark.parametrize("codec", [objects.ZSTD, objects.LZ4])
def test_fetch_names_what_is_missing(dir_site, codec):
    name, content, object_name = dir_site.kind("segment")
    dir_site.store.put(object_name, objects.make_object(content, object_name, dir_site.walship.key, codec))
    word = {objects.ZSTD: "zstd", objects.LZ4: "lz4"}[codec]
    dest = dir_site.scratch.directory("dest") / "x"
    dir_site.run("fetch", name, dest, "--system-id", dir_site.system_id).expect(
        255, rf"fetch {name}: .*this walship was built without {word}", rf"meson's -D{word}=enabled")
    assert not dest.exists()
    # Nor is it acknowledged: what this walship cannot read it cannot compare.
    dir_site.run("push", dir_site.file(name, content)).expect(4, rf"built without {word}", rf"meson's -D{word}=enabled")


@pytest.mark.parametrize("level", [1, 2, 3, 4, 9])
def test_gzip_is_zlibs(dir_site, level):
    name, content, object_name = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content), "--compress-level", level).expect(0)
    assert objects.open_object(dir_site.store.get(object_name), object_name, dir_site.walship.key) == content
    dest = dir_site.scratch.directory("dest") / "x"
    dir_site.run("fetch", name, dest, "--system-id", dir_site.system_id).expect(0)
    assert dest.read_bytes() == content
