"""Options of the S3 store against radosgw: read back by an independent client. And the ways through a proxy."""

import base64
import datetime
import hashlib
import os
import time

import pytest

from harness import certs, forward_proxy, host, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20


@pytest.fixture
def special_bucket(s3_site):
    """Another bucket of the same server; emptied and removed, locks and all."""
    client, made = s3_site.store.client, []

    def make(name, lock=False, versioned=False):
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        if versioned:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        s3_site.walship.configure(repo=f"s3://{name}/pre")
        made.append(name)
        return name
    yield make
    for name in made:
        found = client.list_object_versions(Bucket=name)
        for version in found.get("Versions", []) + found.get("DeleteMarkers", []):
            client.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"], BypassGovernanceRetention=True)
        client.delete_bucket(Bucket=name)


def versions(site, bucket):
    return site.store.client.list_object_versions(Bucket=bucket).get("Versions", [])


def push(site, seed=0):
    name, content, _ = site.kind("segment", seed)
    return name, content, site.run("push", site.file(name, content))


def test_tags_are_there(s3_site):
    s3_site.walship.configure(s3_tags="team=data base&stage=a+b/c:d@e")
    push(s3_site)[2].expect(0)
    (name,) = s3_site.store.list()
    tags = s3_site.store.client.get_object_tagging(Bucket=s3_site.store.server.bucket, Key=f"{s3_site.store.prefix}/{name}")
    assert {t["Key"]: t["Value"] for t in tags["TagSet"]} == {"team": "data base", "stage": "a+b/c:d@e"}


def test_a_storage_class_is_taken(s3_site):
    s3_site.walship.configure(s3_storage_class="STANDARD")
    push(s3_site)[2].expect(0)


@pytest.mark.parametrize("in_parts", [False, True], ids=["whole", "parts"])
def test_a_lock_holds(s3_site, special_bucket, in_parts):
    bucket = special_bucket("walship-lock-parts" if in_parts else "walship-lock", lock=True)
    s3_site.walship.configure(s3_object_lock_mode="GOVERNANCE", s3_object_lock_retain_days="3")
    content = wal.segment(SYSTEM_ID, wal.segment_name(1, 1), 16 * MIB)
    if in_parts:
        s3_site.walship.configure(compress="none", s3_part_size="5MiB")
    path = s3_site.file(wal.segment_name(1, 1), content)
    s3_site.run("push", path).expect(0)
    (version,) = versions(s3_site, bucket)
    if not in_parts:  # radosgw 16.2 does not give the lock of CreateMultipartUpload to the object, nor its tags: asked by botocore, too
        held = s3_site.store.client.get_object_retention(Bucket=bucket, Key=version["Key"])["Retention"]
        left = held["RetainUntilDate"] - datetime.datetime.now(datetime.timezone.utc)
        assert held["Mode"] == "GOVERNANCE" and datetime.timedelta(days=2.9) < left < datetime.timedelta(days=3.1)
    # The same again is done already; another content never becomes the newest version.
    s3_site.run("push", path).expect(0)
    host.USER.write(path, wal.segment(SYSTEM_ID, wal.segment_name(1, 1), 16 * MIB, seed=5), 0o600)
    s3_site.run("push", path).expect(4, "differ", ".*")
    assert len(versions(s3_site, bucket)) == 1


def test_a_bucket_without_lock_says_so(s3_site):
    s3_site.walship.configure(s3_object_lock_mode="COMPLIANCE", s3_object_lock_retain_days="1")
    push(s3_site)[2].expect(3, "HTTP 400 InvalidRequest", ".*")
    assert not s3_site.store.list()


def test_a_versioned_bucket(s3_site, special_bucket):
    """Ceph ignores If-None-Match there, so it is looked at first."""
    bucket = special_bucket("walship-versions", versioned=True)
    s3_site.walship.configure(s3_no_replace="look")
    name, content, done = push(s3_site)
    done.expect(0)
    push(s3_site)[2].expect(0)
    push(s3_site, seed=1)[2].expect(4, "differ", ".*")
    assert len(versions(s3_site, bucket)) == 1
    assert s3_site.run("cat", name, "--system-id", SYSTEM_ID).out == content


def test_a_versioned_bucket_is_found_out(s3_site, special_bucket):
    """By the first push, which puts the same content twice."""
    special_bucket("walship-auto", versioned=True)
    s3_site.walship.configure(s3_no_replace=None)
    name, content, done = push(s3_site)
    done.expect(0, "ignores If-None-Match", None)
    push(s3_site, seed=1)[2].expect(4, "differ", ".*")
    assert s3_site.run("cat", name, "--system-id", SYSTEM_ID).out == content


@pytest.mark.parametrize("options, marks", [
    ({}, "✗"), ({"s3_no_replace": "look"}, "–"),
    ({"s3_object_lock_mode": "GOVERNANCE", "s3_object_lock_retain_days": "1"}, "–")], ids=["condition", "look", "lock"])
def test_check_finds_out_about_versions(s3_site, special_bucket, options, marks):
    """With the default a second object would become the newest version: nothing else could tell."""
    special_bucket(f"walship-check-{len(options)}", lock="s3_object_lock_mode" in options, versioned=True)
    s3_site.walship.configure(**options)
    done = s3_site.run("check", "--store").expect(4 if marks == "✗" else 0, "1 of 6 steps" if marks == "✗" else None)
    assert f"{marks} never replace it" in done.out.decode()
    assert ("hint: set s3-no-replace = look" in done.out.decode()) == (marks == "✗")


@pytest.mark.parametrize("options, error, hint", [
    ({"s3_storage_class": "GLACIER"}, "GLACIER has no immediate read access", "GLACIER_IR"),
    ({"s3_storage_class": "DEEP_ARCHIVE"}, "DEEP_ARCHIVE has no immediate read access", "lifecycle"),
    ({"s3_sse": "aes"}, "s3-sse", "aws:kms"),
    ({"s3_sse_kms_key_id": "x"}, "s3-sse is not aws:kms", "s3-sse = aws:kms"),
    ({"s3_sse_bucket_key": "yes"}, "s3-sse is not aws:kms", "s3-sse = aws:kms"),
    ({"s3_tags": "a,b"}, "'a,b' is not name=value", "at most 10"),
    ({"s3_object_lock_mode": "GOVERNANCE"}, "without s3-object-lock-retain-days", "set both"),
    ({"s3_object_lock_retain_days": "0"}, "s3-object-lock-retain-days", "1 to 36500"),
    ({"s3_endpoint_mode": "fips"}, "s3-endpoint is set", "remove one"),
    ({"s3_requester_pays": "perhaps"}, "s3-requester-pays", "yes"),
    ({"s3_proxy": "http://user:pass@127.0.0.1:1"}, "s3-proxy contains a user name or password", "HTTPS_PROXY"),
    ({"s3_proxy": "http://h:99999"}, "does not name a host", "http://host:port"),
    ({"s3_proxy": "127.0.0.1:1"}, "'127.0.0.1:1' has no scheme", "http://host:port"),
    ({"s3_bandwidth_limit": "1KiB"}, "s3-bandwidth-limit", "65536"),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else "")
def test_what_cannot_be_is_refused_before_the_first_request(s3_site, options, error, hint):
    s3_site.store.proxy.go_away()
    s3_site.walship.configure(**options)
    done = push(s3_site)[2].expect(2, error, hint)
    assert "pass" not in done.err.replace("password", "")
    s3_site.store.proxy.come_back()


@pytest.fixture
def strict_site(scratch, program, authority):
    directory = scratch.directory()
    with strict_s3.StrictS3(tls=authority.issue("strict")) as server:
        name = wal.segment_name(1, 1, MIB)
        path = host.USER.write(directory / name, wal.segment(SYSTEM_ID, name, MIB), 0o600)

        key = bytes(range(32))

        def push_it(env=None, **options):
            options = {key.replace("_", "-"): value for key, value in options.items()}
            made = walship.Walship(program, directory, {**server.options(directory, host.USER), "s3-ca-file": authority.file,
                                                     "push-timeout": "5s", **options}, key=key,
                                   secrets=[server.secret_key.encode()])
            return made.run("push", path, env=env)
        push_it.server = server
        yield push_it


def test_all_of_them_are_signed(strict_site):
    """The strict server refuses an x-amz-* that is not."""
    strict_site(s3_storage_class="GLACIER_IR", s3_sse="aws:kms", s3_sse_kms_key_id="alias/wal", s3_sse_bucket_key="yes",
                s3_tags="a=b c", s3_object_lock_mode="COMPLIANCE", s3_object_lock_retain_days="7", s3_requester_pays="yes").expect(0)
    (headers,) = strict_site.server.bucket.put_headers.values()
    assert {name: value for name, value in headers.items() if name.startswith("x-amz-") and "date" not in name and
            "sha256" not in name} == {
        "x-amz-storage-class": "GLACIER_IR", "x-amz-server-side-encryption": "aws:kms", "x-amz-tagging": "a=b%20c",
        "x-amz-server-side-encryption-aws-kms-key-id": "alias/wal",
        "x-amz-server-side-encryption-bucket-key-enabled": "true", "x-amz-object-lock-mode": "COMPLIANCE",
        "x-amz-request-payer": "requester"}


def test_ways_to_a_store_that_are_options_of_a_command(scratch, program, authority):
    """A tunnel, a certificate of this side, a proxy with an authority of its own: all of them at once, and each one missing."""
    directory, own = scratch.directory(), certs.Authority(scratch.path / "proxy-own", "the proxy's CA")
    name = wal.segment_name(1, 1, MIB)
    path = host.USER.write(directory / name, wal.segment(SYSTEM_ID, name, MIB), 0o600)
    cert, key = (host.USER.write(directory / f"client.{kind}", given.read_bytes(), 0o600)
                 for kind, given in zip(("pem", "key"), authority.issue("client")))
    with strict_s3.StrictS3(tls=authority.issue("strict"), client_authority=authority.file) as server, \
            forward_proxy.ForwardProxy(tls=own.issue("proxy")) as proxy:
        tool = walship.Walship(program, directory, {**server.options(directory, host.USER), "s3-ca-file": authority.file, "push-timeout": "5s",
                                                    "s3-endpoint": "https://s3.test:7"}, secrets=[server.secret_key.encode()])
        to = ("--s3-connect-to", f"127.0.0.1:{server.port}")
        shown = ("--s3-tls-cert-file", cert, "--s3-tls-key-file", key)
        through = ("--s3-proxy", proxy.url, "--s3-proxy-ca-file", own.file)
        tool.run("push", path, *to, *shown).expect(0)
        tool.run("fetch", name, directory / "back", "--system-id", SYSTEM_ID, *to, *shown).expect(0)
        assert (directory / "back").read_bytes() == path.read_bytes() and not proxy.asked
        tool.run("push", path, *to, *shown, *through).expect(0)
        assert set(proxy.asked) == {f"CONNECT 127.0.0.1:{server.port}"}
        # The name that is signed and verified stays that of the endpoint.
        assert {request.headers["host"] for request in server.requests} == {"s3.test:7"}
        count = server.count()
        tool.run("push", path, *shown, "--push-timeout", "1s").expect(3, "https://s3.test:7: cannot resolve the host name", ".*")
        tool.run("push", path, *to).expect(3, "the server requires a client certificate", "set s3-tls-cert-file")
        tool.run("push", path, *to, "--s3-tls-cert-file", cert).expect(2, "cannot use the client certificate", "s3-tls-key-file")
        tool.run("push", path, *to, *shown, *through[:2]).expect(3, "the proxy's certificate is not trusted", "set s3-proxy-ca-file")
        tool.run("push", path, *to, *shown, "--s3-endpoint", "https://wrong.test:7").expect(3, "the server's certificate is not trusted", ".*")
        assert server.count() == count


@pytest.fixture
def tls_walship(scratch, program, authority):
    """(server, its directory, a maker of walships): of a strict server with TLS."""
    def make(server, secrets=(), **options):
        options = {name.replace("_", "-"): value for name, value in options.items()}
        return walship.Walship(program, directory, {
            **server.options(directory, host.USER), "s3-ca-file": authority.file, "push-timeout": "5s", "fetch-timeout": "5s", **options},
            secrets=[server.secret_key.encode(), *secrets])
    directory = scratch.directory()
    with strict_s3.StrictS3(tls=authority.issue("strict")) as server:
        yield server, directory, make


def test_a_key_of_the_customer(tls_walship):
    """SSE-C on every request for an object, whole and in parts; and the key stands in no output, log or note."""
    server, directory, make = tls_walship
    key, md5 = os.urandom(32), "x-amz-server-side-encryption-customer-key-md5"
    text = base64.b64encode(key)
    key_file = host.USER.write(directory / "customer-key", text + b"\n", 0o600)
    tool = make(server, secrets=[key, text, key.hex().encode()], compress="none", s3_sse_customer_key_file=key_file)
    contents = {}
    for number, part_size in ((1, "5MiB"), (2, None)):
        tool.configure(s3_part_size=part_size)
        name = wal.segment_name(1, number)
        contents[name] = wal.switched(SYSTEM_ID, name)
        for _ in range(2):  # the second one looks and compares
            tool.run("push", "-vv", host.USER.write(directory / name, contents[name], 0o600)).expect(0, "HTTP 20[06]", None)
    for name, content in contents.items():
        tool.run("fetch", "-vv", name, directory / "back", "--system-id", SYSTEM_ID).expect(0, "HTTP 20[06]", None)
        assert (directory / "back").read_bytes() == content
    tool.run("verify", "--read", "-vv").expect(0, "HTTP 20[06]", None)
    of_objects = [request for request in server.requests if request.key and request.method in ("PUT", "GET", "HEAD")]
    assert {request.method for request in of_objects} == {"PUT", "GET", "HEAD"}
    assert sum("partNumber" in request.query for request in of_objects) == 8
    assert {request.headers.get(md5) for request in of_objects} == {base64.b64encode(hashlib.md5(key).digest()).decode()}
    # The objects are of no use without the key, and it is not left in the spool.
    for path in (directory / "spool").rglob("*"):
        assert not path.is_file() or not any(secret in path.read_bytes() for secret in (key, text))
    tool.configure(s3_sse_customer_key_file=None, fetch_ahead="0B")
    tool.run("fetch", name, directory / "back", "--system-id", SYSTEM_ID).expect(255, "HTTP 400 InvalidRequest: The object was stored using", ".*")


def test_the_ways_through_a_proxy(strict_site):
    place = strict_site.server.url.removeprefix("https://")
    with forward_proxy.ForwardProxy() as proxy:
        nobody = "http://127.0.0.1:1"
        for env, options, through in [
            ({}, {"s3_proxy": proxy.url}, True),
            ({"HTTPS_PROXY": proxy.url}, {}, True),
            ({"HTTPS_PROXY": nobody}, {"s3_proxy": proxy.url}, True),
            ({"HTTPS_PROXY": nobody}, {"s3_proxy": "none"}, False),
            ({"HTTPS_PROXY": nobody, "NO_PROXY": "127.0.0.1"}, {}, False),
            ({"NO_PROXY": "127.0.0.1"}, {"s3_proxy": nobody}, False),
        ]:
            proxy.asked.clear()
            strict_site(env, **options).expect(0)
            assert (f"CONNECT {place}" in proxy.asked) == through, (env, options)
        strict_site({}, s3_proxy=nobody).expect(3, "cannot connect: Connection refused .*127.0.0.1 port 1 ", "the proxy")


def test_plain_http_through_a_proxy(scratch, program):
    """No tunnel: the proxy sees whole URLs. The variable is in lower case there, as libcurl reads no other."""
    directory = scratch.directory()
    name = wal.segment_name(1, 1, MIB)
    path = host.USER.write(directory / name, wal.segment(SYSTEM_ID, name, MIB), 0o600)
    with strict_s3.StrictS3() as server, forward_proxy.ForwardProxy() as proxy:
        made = walship.Walship(program, directory, {**server.options(directory, host.USER), "push-timeout": "5s"},
                               secrets=[server.secret_key.encode()])
        made.run("push", path, env={"http_proxy": proxy.url, "HTTPS_PROXY": "http://127.0.0.1:1"}).expect(0)
        made.configure(s3_proxy=proxy.url)
        made.run("fetch", name, directory / "back", "--system-id", SYSTEM_ID).expect(0)
        assert [f"{method} {server.url}" in asked for method, asked in zip(("PUT", "GET"), proxy.asked)] == [True, True]
        assert (directory / "back").read_bytes() == path.read_bytes()


def test_a_login_in_a_url_is_not_shown(s3_site):
    s3_site.walship.configure(s3_proxy="http://user:sesame@h:1", s3_endpoint="https://user:sesame@h")
    done = s3_site.run("config").expect(0)
    assert b"sesame" not in done.out and done.out.count(b"(hidden)") >= 2


def test_a_proxy_with_a_password(strict_site):
    with forward_proxy.ForwardProxy(authorization="Basic dXNlcjpwYXNz") as proxy:
        with_password = proxy.url.replace("http://", "http://user:pass@")
        strict_site({"HTTPS_PROXY": with_password}).expect(0)
        refused = strict_site({"HTTPS_PROXY": proxy.url}).expect(3, "407", ".*")
        assert "pass@" not in refused.err


def test_the_bandwidth_is_limited(scratch, program):
    """At least as long as the limit asks for; what lies below that is the machine's."""
    directory = scratch.directory()
    with strict_s3.StrictS3() as server:
        made = walship.Walship(program, directory, {**server.options(directory, host.USER), "compress": "none",
                                                 "s3-bandwidth-limit": "2MiB"}, secrets=[server.secret_key.encode()])
        name = wal.segment_name(1, 1, 4 * MIB)
        path = host.USER.write(directory / name, wal.segment(SYSTEM_ID, name, 4 * MIB), 0o600)
        for args in (("push", path), ("fetch", name, directory / "back", "--system-id", SYSTEM_ID)):
            start = time.monotonic()
            made.run(*args).expect(0)
            assert time.monotonic() - start >= 1.5
        made.configure(fetch_timeout="1s")
        made.run(*args).expect(255, "was not complete in time", "s3-bandwidth-limit may be too low")
