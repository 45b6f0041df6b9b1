"""libcurl and libcrypto are loaded by the calls that need them, and by no others; without one the exit code is right.

A file of no bytes that the loader finds first is a library that cannot be loaded, to whoever asks for it.
"""

import pytest

from harness import host, strict_s3, walship

CRYPTO, CURL = "libcrypto.so.3", "libcurl.so.4"
DAMAGED = r"cannot load {}: .*file too short"


@pytest.fixture
def without(scratch):
    def environment(*names):
        folder = scratch.folder("lib")
        for name in names:
            host.USER.write(folder / name, b"")
        return {"LD_LIBRARY_PATH": str(folder)}
    return environment


@pytest.fixture
def strict(scratch, program):
    with strict_s3.StrictS3() as server:
        options = {**server.options(scratch.folder(), host.USER), "push-timeout": "5s", "fetch-timeout": "5s"}
        yield walship.Walship(program, scratch.folder(), options, secrets=[server.secret_key.encode()])


def test_what_needs_neither(dir_site, without):
    env = without(CRYPTO, CURL)
    for words in (("--version",), ("help",), ("help", "man"), ("config",), ("keygen", dir_site.folder / "another")):
        dir_site.run(*words, env=env).expect(0)


def test_a_directory_needs_no_libcurl(dir_site, without):
    name, content, _ = dir_site.kind("history")
    path, env, more = dir_site.file(name, content), without(CURL), ("--system-id", dir_site.system_id)
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
    dir_site.run("config", "--credentials", env=env).expect(5, error, hint)
    dir_site.run("check", "--store", env=env).expect(5, error, hint)
    assert not dest.exists()


def test_without_libcurl(dir_site, strict, without):
    name, content, _ = dir_site.kind("history")
    path, env, more = dir_site.file(name, content), without(CURL), ("--system-id", dir_site.system_id)
    error, hint = DAMAGED.format(CURL), "install libcurl"
    strict.run("push", path, *more, env=env).expect(5, error, hint)
    dest = path.parent / "back"
    strict.run("fetch", name, dest, *more, env=env).expect(255, error, hint)
    strict.run("fetch", name, dest, *more, "--fetch-error", "continue", env=env).expect(5, error, hint)
    # The credentials stand in the configuration: nobody is asked.
    strict.run("config", "--credentials", env=env).expect(0)
    strict.run("push", path, *more).expect(0)
    strict.run("fetch", name, dest, *more).expect(0)
    assert dest.read_bytes() == content
