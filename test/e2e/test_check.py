"""walship check --store: what a store really does, said in a line for each step."""

import os
import re

import pytest

from harness import host, strict_s3, walship

STEPS = ["create an object", "read it back", "never replace it", "say what is missing", "list it", "remove it"]
DIRECTORY_STEPS = [*STEPS, "use every file"]


def marks(done):
    """Step -> its mark."""
    return {match[2]: match[1] for match in re.finditer(r"^([✓✗–]) ([a-z ]+?)  ", done.out.decode(), re.M)}


def check(site, code=0, error=None):
    done = site.run("check", "--store").expect(code, error)
    return marks(done), done.out.decode()


@pytest.fixture
def strict(scratch, program):
    def make(server, **options):
        directory = scratch.directory()
        options = {name.replace("_", "-"): value for name, value in options.items()}
        return walship.Walship(program, directory, {**server.options(directory, host.USER), "push-timeout": "5s", **options},
                               secrets=[server.secret_key.encode()])
    return make


def test_a_store_that_does_all_of_it(site):
    before = site.store.list()
    shown, _ = check(site)
    assert shown == dict.fromkeys(DIRECTORY_STEPS if site.store.kind == "dir" else STEPS, "✓")
    assert site.store.list() == before


def test_a_store_that_ignores_the_condition(strict):
    with strict_s3.StrictS3(conditional="ignore") as server:
        shown, out = check(strict(server), 4, "check s3://strict/pre: 1 of 6 steps failed")
        assert shown == {**dict.fromkeys(STEPS, "✓"), "never replace it": "✗"}
        assert "ignores the condition" in out and "hint: set s3-no-replace = look" in out
        # Then the same is a warning.
        shown, out = check(strict(server, s3_no_replace="look"))
        assert shown["never replace it"] == "–" and "two writers at once could both win" in out
        assert not server.bucket.keys()


def test_a_store_that_refuses_the_condition(strict):
    with strict_s3.StrictS3(conditional="refuse") as server:
        done = strict(server).run("check", "--store").expect(0, "refuses If-None-Match", None)
        assert marks(done) == dict.fromkeys(STEPS, "✓")


def test_without_permission_to_list(strict):
    """What is missing cannot be told from what is forbidden: no recovery would end."""
    with strict_s3.StrictS3(list_permission=False) as server:
        shown, out = check(strict(server), 3, "1 of 6 steps failed, and so would archiving or recovery")
        assert shown["say what is missing"] == "✗" and shown["list it"] == "–" and shown["create an object"] == "✓"
        assert "s3:ListBucket" in out


def test_without_permission_to_remove(strict):
    with strict_s3.StrictS3() as server:
        server.faults = lambda request: "403 no permission" if request.method == "DELETE" else None
        shown, out = check(strict(server))
        assert shown["remove it"] == "–" and "s3:DeleteObject" in out
        assert len(server.bucket.keys()) == 1


def test_a_store_that_alters_what_it_is_given(strict):
    with strict_s3.StrictS3() as server:
        server.faults = lambda request: "bit flipped" if request.method == "GET" and "check" in request.key else None
        shown, _ = check(strict(server), 4, "steps failed")
        assert shown["read it back"] == "✗"


def test_nobody_there(site):
    site.store.go_away()
    shown, out = check(site, 3, "1 of 6 steps failed" if site.store.kind == "s3" else "1 of 7 steps failed")
    assert shown == {"create an object": "✗"} and out.count("\n") <= 2
    site.store.come_back()


def test_a_link_to_a_disk_that_is_not_mounted(dir_site):
    """Reads and writes of other objects succeed: only a look at every link shows it."""
    name, content, object_name = dir_site.kind("segment")
    dir_site.run("push", dir_site.file(name, content)).expect(0)
    path = dir_site.store.path / object_name
    path.unlink()
    path.symlink_to("/mnt/not-mounted/segment")
    shown, out = check(dir_site, 3, "1 of 7 steps failed")
    assert shown == {**dict.fromkeys(DIRECTORY_STEPS, "✓"), "use every file": "✗"}
    assert "is a symbolic link to /mnt/not-mounted/segment, which does not exist" in out and "hint: mount the disk" in out
    dir_site.run("verify").expect(3, "which does not exist", "mount the disk")


def test_what_cannot_be_configured(site):
    site.walship.configure(cipher_key_file="/nonexistent/key")
    done = site.run("check", "--store").expect(2, "cipher-key-file", "keygen")
    assert done.out == b""


def test_another_user_than_the_servers(dir_site, data_dir):
    """What one may read and write says nothing of the other."""
    if not host.USER.switch:
        pytest.skip("only root can give a directory to another user")
    shown = marks(dir_site.run("check", "--pg-data", data_dir).expect(0))
    assert shown["data directory"] == "✓"
    os.chown(data_dir, 0, 0)
    data_dir.chmod(0o755)
    done = dir_site.run("check", "--pg-data", data_dir).expect(0)
    assert marks(done)["data directory"] == "–"
    assert f"this is user id {host.USER.uid}, not the server's user" in done.out.decode() and "run it as the server's user" in done.out.decode()
