"""Single calls: each kind of file there and back, and what lies in the repository, read without walship."""

import random
import re
import stat
import threading

import pytest

from harness import host, objects, wal

KINDS = list(wal.KINDS)
CODECS = {"none": objects.NONE, "gzip": objects.GZIP, "zstd": objects.ZSTD, "lz4": objects.LZ4}


def push(site, name, content, *options, **kwargs):
    return site.run("push", site.file(name, content), "--system-id", site.system_id, *options, **kwargs)


def fetch(site, name, *options, **kwargs):
    """(result, what DEST holds or None)"""
    dest = site.scratch.directory("dest") / "RECOVERYXLOG"
    done = site.run("fetch", name, dest, "--system-id", site.system_id, *options, **kwargs)
    left = [p.name for p in dest.parent.iterdir() if p != dest]
    assert not left, f"files left beside DEST: {left}"
    return done, dest.read_bytes() if dest.exists() else None


@pytest.mark.heart
@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back(site, kind):
    name, content, object_name = site.kind(kind)
    push(site, name, content).expect(0)
    assert site.store.list() == [object_name]
    assert objects.open_object(site.store.get(object_name), object_name, site.walship.key) == content
    done, got = fetch(site, name)
    done.expect(0)
    assert got == content
    shown = site.run("cat", name, "--system-id", site.system_id).expect(0)
    assert shown.out == content


@pytest.mark.heart
@pytest.mark.parametrize("kind", KINDS)
def test_pushed_again(site, kind):
    """The same content is success, another one is refused, and neither changes the object."""
    name, content, object_name = site.kind(kind)
    push(site, name, content).expect(0)
    before = site.store.get(object_name)
    push(site, name, content).expect(0)
    assert site.store.get(object_name) == before
    push(site, name, site.kind(kind, seed=1)[1]).expect(4, rf"push {name}: .*the archive has a different file with this name", r"reverted to an older state, or two servers")
    assert site.store.get(object_name) == before
    assert site.store.list() == [object_name]


@pytest.mark.heart
@pytest.mark.parametrize("kind", KINDS)
def test_absent(site, kind):
    """A certain "no" is exit 1, of fetch without a word: PostgreSQL asks for files that are not there all the time."""
    name, _, _ = site.kind(kind)
    other = "00000009.history"
    push(site, other, wal.history()).expect(0)
    done, got = fetch(site, name)
    done.expect(1)
    assert got is None
    site.run("cat", name, "--system-id", site.system_id).expect(1, rf"cat {name}: (.*: )?no ", rf"walship list {site.system_id}/wal/ shows")


@pytest.mark.parametrize("compression", CODECS.values(), ids=CODECS)
def test_object_made_elsewhere(site, compression):
    """The format is what its description says: an object that another program wrote opens."""
    for kind in KINDS:
        name, content, object_name = site.kind(kind)
        site.store.put(object_name, objects.make_object(content, object_name, site.walship.key, compression))
        done, got = fetch(site, name)
        done.expect(0)
        assert got == content
        push(site, name, content).expect(0)


@pytest.mark.parametrize("codec, level", [(codec, level) for codec in CODECS for level in (1, 2, 3, 4, 9)])
def test_compress(dir_site, codec, level):
    """Every codec, in the ranges of its levels: other programs read it, and so does fetch."""
    name, content, object_name = dir_site.kind("segment")
    push(dir_site, name, content, "--compress", codec, "--compress-level", level).expect(0)
    data = dir_site.store.get(object_name)
    assert data[8] == CODECS[codec] and (codec == "none" or len(data) < len(content) / 2)
    assert objects.open_object(data, object_name, dir_site.walship.key) == content
    done, got = fetch(dir_site, name)
    done.expect(0)
    assert got == content


GOLDEN = sorted((host.ROOT / "test/golden/objects").glob("*.hex"))
GOLDEN_NAME = "7601921254259666965/wal/00000002.history"


@pytest.mark.heart
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_independent_reader(path, seed):
    """The reader that the other tests trust opens each golden object, and none with a bit, an end or a name that is wrong."""
    data, source = bytes.fromhex(path.read_text()), random.Random(seed)
    key = bytes(range(32)) if data[9] == objects.SEALED else None
    content = {"frames": b"walship" * 300000, "empty": b""}.get(path.stem.split("-")[0], b"1\t0/3000158\tno recovery target specified\n")
    assert objects.open_object(data, GOLDEN_NAME, key) == content
    bad = [(data[:source.randrange(len(data))], GOLDEN_NAME), (data + b"x", GOLDEN_NAME), (data, GOLDEN_NAME.replace("2.", "3."))]
    for _ in range(20):
        changed = bytearray(data)
        changed[source.randrange(len(data))] ^= 1 << source.randrange(8)
        bad.append((bytes(changed), GOLDEN_NAME))
    for wrong, name in bad:
        with pytest.raises(ValueError):
            objects.open_object(wrong, name, key)


@pytest.mark.heart
@pytest.mark.parametrize("cipher", ["aes-256-cbc", "none"])
@pytest.mark.parametrize("codec", CODECS)
def test_opened_without_walship(dir_site, codec, cipher):
    """By the script that doc/format.md points to."""
    name, content, object_name = dir_site.kind("segment")
    push(dir_site, name, content, "--compress", codec, "--cipher", cipher).expect(0)
    script = [host.ROOT / "doc/open-object", dir_site.walship.key_file, dir_site.store.path / object_name, object_name]
    assert host.run(script, as_user=False).stdout == content


def test_cipher_none(site):
    """Without a cipher there is no key, and the checksum guards against damage."""
    site.walship.configure(cipher="none", cipher_key_file=None)
    name, content, object_name = site.kind("segment")
    push(site, name, content).expect(0)
    data = site.store.get(object_name)
    assert data[9] == objects.PLAIN
    assert objects.open_object(data, object_name) == content
    assert fetch(site, name)[1] == content


def test_unsealed_object_refused(dir_site):
    """Whoever can write to the store must not be able to plant an object without a key."""
    name, content, object_name = dir_site.kind("segment")
    dir_site.store.put(object_name, objects.make_object(content, object_name))
    done, got = fetch(dir_site, name)
    done.expect(255, rf"fetch {name}: ", r".")
    assert got is None


def test_key_rotation(dir_site):
    """The first key encrypts, any of them decrypts."""
    site = dir_site
    old, new = site.walship.key, bytes(range(32))
    site.walship.secrets.append(new.hex().encode())
    new_file = host.USER.write(site.directory / "new-key", new.hex() + "\n", 0o600)
    first, second = (wal.segment_name(1, n, wal.MIB) for n in (3, 4))
    contents = {n: wal.segment(site.system_id, n, wal.MIB) for n in (first, second)}
    both = ("--cipher-key-file", new_file, "--cipher-key-file", site.walship.key_file)
    push(site, first, contents[first]).expect(0)
    push(site, second, contents[second], *both).expect(0)
    for name, key in ((first, old), (second, new)):
        data = site.store.get(wal.object_name(site.system_id, name))
        assert data[16:32] == objects.key_id(key)
        done, got = fetch(site, name, *both)
        done.expect(0)
        assert got == contents[name]
    # A re-push of what the old key sealed compares plaintexts.
    push(site, first, contents[first], *both).expect(0)
    fetch(site, second)[0].expect(255, rf"fetch {second}: .*key", r".")


def test_raw_key_file(dir_site):
    """32 raw bytes will do as well."""
    host.USER.write(dir_site.walship.key_file, dir_site.walship.key, 0o600)
    name, content, object_name = dir_site.kind("segment")
    push(dir_site, name, content).expect(0)
    assert objects.open_object(dir_site.store.get(object_name), object_name, dir_site.walship.key) == content


def test_keygen(dir_site):
    path = dir_site.directory / "made.key"
    dir_site.run("keygen", path).expect(0)
    text = path.read_text()
    assert len(bytes.fromhex(text.strip())) == 32 and text == text.strip().lower() + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    done = dir_site.run("keygen", path)
    assert done.code in (2, 4, 5) and "exist" in done.error
    assert path.read_text() == text


def test_dest_mode(dir_site):
    """As private as PostgreSQL's umask asks for: 0077, or 0027 where the group may read the data directory."""
    name, content, _ = dir_site.kind("segment")
    push(dir_site, name, content).expect(0)
    for umask, mode in ((0o077, 0o600), (0o027, 0o640)):
        dest = dir_site.scratch.directory("dest") / name
        dir_site.run("fetch", name, dest, "--system-id", dir_site.system_id, umask=umask).expect(0)
        assert stat.S_IMODE(dest.stat().st_mode) == mode


def test_dest_is_replaced(dir_site):
    """PostgreSQL removes RECOVERYXLOG before it asks, pg_rewind need not: the rename replaces what is there."""
    name, content, _ = dir_site.kind("segment")
    push(dir_site, name, content).expect(0)
    dest = dir_site.file("RECOVERYXLOG", b"an older file")
    dir_site.run("fetch", name, dest, "--system-id", dir_site.system_id).expect(0)
    assert dest.read_bytes() == content


@pytest.mark.parametrize("kind", KINDS)
def test_racing_pushes(site, kind, seed):
    """Sixteen pushes of different contents under one name: exactly one wins, and its content is there."""
    source = random.Random(seed)
    name, _, object_name = site.kind(kind)
    contents = [site.kind(kind, seed=n)[1] for n in range(16)]
    assert len(set(contents)) == 16
    files = [site.file(name, content) for content in contents]
    results = [None] * 16

    def one(n):
        results[n] = site.run("push", files[n], "--system-id", site.system_id)
    threads = [threading.Thread(target=one, args=(n,)) for n in source.sample(range(16), 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    codes = [r.code for r in results]
    assert sorted(codes) == [0] + [4] * 15, [(r.code, r.err) for r in results]
    assert site.store.list() == [object_name]
    assert objects.open_object(site.store.get(object_name), object_name, site.walship.key) == contents[codes.index(0)]


def test_two_systems_one_name(site):
    """The system identifier is part of every name: clusters that share a repository cannot collide."""
    for system_id in (site.system_id, site.system_id + 1):
        content = wal.segment(system_id, wal.SEGMENT, wal.MIB)
        site.run("push", site.file(wal.SEGMENT, content)).expect(0)
        dest = site.scratch.directory("dest") / "x"
        site.run("fetch", wal.SEGMENT, dest, "--system-id", system_id).expect(0)
        assert dest.read_bytes() == content
    assert site.store.list() == [wal.object_name(n, wal.SEGMENT) for n in (site.system_id, site.system_id + 1)]


def test_system_id_from_data_directory(site, data_dir, control_file):
    """Files that carry no system identifier are named by pg_control: of --pg-data, of the working directory,
    of the directory above the one PATH or DEST lies in."""
    name, content = "00000002.history", wal.history()
    path = host.USER.write(data_dir / "pg_wal" / name, content, 0o600)
    elsewhere = site.file(name, content)
    for args, cwd in ((("push", path), "/"), (("push", f"pg_wal/{name}"), data_dir), (("push", elsewhere), data_dir),
                      (("push", elsewhere, "--pg-data", data_dir), "/")):
        site.run(*args, cwd=cwd).expect(0)
        assert site.store.list() == [f"{control_file[0]}/wal/{name}"]
        site.store.delete(f"{control_file[0]}/wal/{name}")
    site.run("push", path).expect(0)
    outside = site.scratch.directory("dest")
    for args, cwd in ((("fetch", name, data_dir / "pg_wal/RECOVERYHISTORY"), "/"),
                      (("fetch", name, "pg_wal/RECOVERYHISTORY"), data_dir),
                      (("fetch", name, outside / "a"), data_dir), (("fetch", name, outside / "b", "--pg-data", data_dir), "/")):
        site.run(*args, cwd=cwd).expect(0)
        assert (data_dir / args[2]).read_bytes() == content


def test_layout_as_boto3_sees_it(s3_site):
    """<prefix>/<system id>/wal/<16 hex digits>/<segment>, of the very size that was announced."""
    site, server = s3_site, s3_site.store.server
    for kind in KINDS:
        name, content, _ = site.kind(kind)
        push(site, name, content).expect(0)
    listed = site.store.client.list_objects_v2(Bucket=server.bucket, Prefix=site.store.prefix)["Contents"]
    below = f"{site.store.prefix}/{site.system_id}/wal"
    assert sorted(item["Key"] for item in listed) == sorted([
        f"{below}/0000000100000000/000000010000000000000003",
        f"{below}/0000000100000000/000000010000000000000003.00000028.backup",
        f"{below}/0000000100000000/000000010000000000000003.partial",
        f"{below}/00000002.history"])
    for item in listed:
        data = site.store.client.get_object(Bucket=server.bucket, Key=item["Key"])["Body"].read()
        assert len(data) == item["Size"] and data[:8] == b"WALSHIP\x02"


@pytest.mark.parametrize("style, endpoint, seen", [
    ("auto", "127.0.0.1", "127.0.0.1"), ("path", "s3.test", "s3.test"), ("host", "s3.test", "{bucket}.s3.test")])
def test_s3_uri_style(s3_site, hosts, style, endpoint, seen):
    """Where the bucket's name goes: into the path, or before the host's name, which the certificate must cover."""
    site = s3_site
    seen = seen.format(bucket=site.store.server.bucket)
    hosts("127.0.0.1", "s3.test", f"{site.store.server.bucket}.s3.test")
    port = site.store.proxy.port
    site.walship.configure(s3_uri_style=style, s3_endpoint=f"https://{endpoint}:{port}")
    name, content, object_name = site.kind("history")
    push(site, name, content).expect(0)
    assert site.store.list() == [object_name]
    assert fetch(site, name)[1] == content
    site.store.go_away()
    fetch(site, name, "--fetch-timeout", "1s")[0].expect(255, rf"https://{re.escape(seen)}:{port}: ", r".")


def test_credentials_from_environment(s3_site):
    """AWS_* count when walship's own options say nothing."""
    site, server = s3_site, s3_site.store.server
    site.walship.configure(s3_key=None, s3_key_secret_file=None, s3_region=None)
    env = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key, "AWS_REGION": server.region}
    name, content, object_name = site.kind("history")
    push(site, name, content, env=env).expect(0)
    assert site.store.list() == [object_name]
    push(site, name, content).expect(2, r"push \S*00000002\.history: ", r"s3-key|AWS_ACCESS_KEY_ID")


def test_precedence(dir_site):
    """Command line, environment, file: the first that says something counts, and `config` says which did."""
    site = dir_site
    places = {n: host.USER.mkdir(site.directory / n) for n in ("by-option", "by-environment")}
    name, content, object_name = site.kind("history")
    env = {"WALSHIP_REPO": f"file://{places['by-environment']}"}
    option = ("--repo", f"file://{places['by-option']}")
    push(site, name, content, *option, env=env).expect(0)
    push(site, name, content, env=env).expect(0)
    push(site, name, content).expect(0)
    for root in (*places.values(), site.store.path):
        assert (root / object_name).is_file()
    for args, kwargs, root, source in ((option, {"env": env}, places["by-option"], "; --repo"),
                                       ((), {"env": env}, places["by-environment"], "; WALSHIP_REPO"),
                                       ((), {}, site.store.path, r"; \S*walship\.conf")):
        text = site.run("config", *args, **kwargs).expect(0).out.decode()
        line = [each for each in text.splitlines() if each.lstrip("# ").startswith("repo ")][0]
        assert str(root) in line
        assert re.search(source, line), line


def test_config_hides_secrets(s3_site):
    """Walship.run asserts the absence; the options must be named nevertheless."""
    server = s3_site.store.server
    s3_site.walship.configure(s3_key_secret_file=None, s3_key_secret=server.secret_key)
    text = s3_site.run("config").expect(0).out.decode()
    assert "s3-key-secret" in text and s3_site.store.url in text


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_secret_at_any_level(site, level):
    """-v shows steps and sizes; nothing shows a secret, whatever the level and the outcome."""
    name, content, _ = site.kind("segment")
    for args in (("push", site.file(name, content)), ("push", site.file(name, site.kind("segment", 1)[1])), ("cat", name)):
        done = site.run(*args, "--system-id", site.system_id, "--log-level", level)
        assert done.err
    done = site.run("push", site.file("00000002.history", wal.history()), "--system-id", site.system_id, "-v")
    assert done.code == 0 and done.err


def test_verbose_push(dir_site):
    name, content, _ = dir_site.kind("segment")
    done = push(dir_site, name, content, "-v")
    assert done.code == 0 and len(content) == wal.MIB
    assert f"walship: push {name}: 1048576 bytes of cluster {dir_site.system_id}, checked\n" in done.err
    assert re.search(rf"^walship: push {name}: stored as \S+/{name}: 1048576 bytes, gzip and aes-256-cbc to \d+", done.err, re.M)


def test_multipart(s3_site, seed):
    """An object larger than a part goes up in parts: the same rules, and no upload is left open."""
    site, server = s3_site, s3_site.store.server
    name = wal.segment_name(1, 3)
    object_name = wal.object_name(site.system_id, name)
    whole = bytearray(wal.segment(site.system_id, name))
    source = random.Random(seed)
    for page in range(0, len(whole), wal.PAGE):
        whole[page + 40:page + wal.PAGE] = source.randbytes(wal.PAGE - 40)
    parts = ("--s3-part-size", "5MiB")
    push(site, name, bytes(whole), *parts).expect(0)
    before = site.store.get(object_name)
    assert len(before) > 15 * wal.MIB and objects.open_object(before, object_name, site.walship.key) == whole
    assert "-4" in site.store.client.head_object(Bucket=server.bucket, Key=f"{site.store.prefix}/{object_name}")["ETag"]
    push(site, name, bytes(whole), *parts).expect(0)
    whole[-1] ^= 1
    push(site, name, bytes(whole), *parts).expect(4, rf"push {name}: .*a different file", r".")
    assert site.store.get(object_name) == before
    assert "Uploads" not in site.store.client.list_multipart_uploads(Bucket=server.bucket, Prefix=site.store.prefix)
    whole[-1] ^= 1
    assert fetch(site, name)[1] == whole


def test_missing_permission_to_list(s3_site):
    """Without the right to list, S3 says 403 for what is not there: that is no certain "no"."""
    site, server = s3_site, s3_site.store.server
    reader, secret = server.add_user("reader")
    site.walship.secrets.append(secret.encode())
    policy = ('{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/reader"]},'
              f' "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::{server.bucket}/*"]}}]}}')
    site.store.client.put_bucket_policy(Bucket=server.bucket, Policy=policy)
    try:
        name, content, _ = site.kind("segment")
        push(site, name, content).expect(0)
        site.walship.configure(s3_key=reader, s3_key_secret_file=host.USER.write(site.directory / "other", secret, 0o600))
        done, got = fetch(site, name)
        done.expect(0)
        assert got == content
        done, got = fetch(site, "000000010000000000000004")
        done.expect(255, r"fetch 000000010000000000000004: .*403", r"(?i)list")
        assert got is None
    finally:
        site.store.client.delete_bucket_policy(Bucket=server.bucket)
