"""libcurl, libcrypto, expat and those of the codecs are loaded by the calls that need them, and by no others; without one the exit code is right.

A file of no bytes that the loader finds first is a library that cannot be loaded, to whoever asks for it.
"""

import pytest

from harness import host, strict_s3, walship

CRYPTO, CURL, EXPAT = "libcrypto.so.3", "libcurl.so.4", "libexpat.so.1"
CODECS = {"gzip": "libisal.so.2", "zstd": "libzstd.so.1", "lz4": "liblz4.so.1"}
DAMAGED = r"cannot load {}: .*file too short"


@pytest.fixture
def without(scratch):
    def environment(*names):
        directory = scratch.directory("lib")
        for name in names:
            host.USER.write(directory / name, b"")
        return {"LD_LIBRARY_PATH": str(directory)}
    return environment


@pytest.fixture
def strict(scratch, program):
    with strict_s3.StrictS3() as server:
        options = {**server.options(scratch.directory(), host.USER), "push-timeout": "5s", "fetch-timeout": "5s"}
        yield walship.Walship(program, scratch.directory(), options, secrets=[server.secret_key.encode()])


def test_what_needs_neither(dir_site, without):
    env = without(CRYPTO, CURL, EXPAT, *CODECS.values())
    for words in (("--version",), ("help",), ("help", "man"), ("config",), ("keygen", dir_site.directory / "another")):
        dir_site.run(*words, env=env).expect(0)


def test_a_directory_needs_no_libcurl_and_no_expat(dir_site, without):
    name, content, _ = dir_site.kind("history")
    path, env, more = dir_site.file(name, content), without(CURL, EXPAT), ("--system-id", dir_site.system_id)
    dir_site.run("push", path, *more, env=env).expect(0)
    assert dir_site.run("cat", name, *more, env=env).expect(0).out == content
    dir_site.run("check", "--store", env=env).expect(0)


def test_without_libcrypto(dir_site, without):
    name, content, _ = dir_site.kind("history")
    path, env, more = dir_site.file(name, content), without(CRYPTO), ("--system-id", dir_site.system_id)
    error, hint = DAMAGED.format(CRYPTO), "install OpenSSL"
    dir_site.run("push", path, *more, env=env).expect(5, error, hint)
    assert dir_site.store.list() == []
    dest = path.parent / "back"
    dir_site.run("fetch", name, dest, *more, env=env).expect(255, error, hint)
    dir_site.run("fetch", name, dest, *more, "--fetch-error", "continue", env=env).expect(5, error, hint)
    assert b"none" in dir_site.run("config", "--credentials", env=env).expect(0).out, "a directory needs no credentials"
    dir_site.run("check", "--store", env=env).expect(5, error, hint)
    assert not dest.exists()


@pytest.mark.parametrize(("library", "package"), [(CURL, "libcurl"), (EXPAT, "expat")])
def test_without_what_s3_needs(dir_site, strict, without, library, package):
    name, content, _ = dir_site.kind("history")
    path, env, more = dir_site.file(name, content), without(library), ("--system-id", dir_site.system_id)
    error, hint = DAMAGED.format(library), f"install {package}"
    strict.run("push", path, *more, env=env).expect(5, error, hint)
    dest = path.parent / "back"
    strict.run("fetch", name, dest, *more, env=env).expect(255, error, hint)
    strict.run("fetch", name, dest, *more, "--fetch-error", "continue", env=env).expect(5, error, hint)
    # The credentials stand in the configuration: nobody is asked.
    strict.run("config", "--credentials", env=env).expect(0)
    strict.run("push", path, *more).expect(0)
    strict.run("fetch", name, dest, *more).expect(0)
    assert dest.read_bytes() == content


@pytest.mark.parametrize("codec", CODECS)
def test_without_a_codecs_library(dir_site, without, codec):
    """Each is missed by its own codec alone; gzip's dense levels are zlib's."""
    name, content, _ = dir_site.kind("history")
    path, more = dir_site.file(name, content), ("--system-id", dir_site.system_id)
    env, error = without(CODECS[codec]), DAMAGED.format(CODECS[codec])
    dir_site.run("push", path, *more, "--compress", codec, env=env).expect(5, error, "install")
    assert dir_site.store.list() == []
    for other in {*CODECS, "none"} - {codec}:
        dir_site.store.delete(object_name) if (object_name := next(iter(dir_site.store.list()), None)) else None
        dir_site.run("push", path, *more, "--compress", other, env=env).expect(0)
    dir_site.store.delete(next(iter(dir_site.store.list())))
    dir_site.run("push", path, *more, "--compress", codec).expect(0)
    dest = path.parent / "back"
    dir_site.run("fetch", name, dest, *more, env=env).expect(255, error, "install")
    assert not dest.exists()
    dir_site.run("fetch", name, dest, *more).expect(0)
