"""Credentials from every source, against an S3 server that checks key, signature and session token."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import certs, forward_proxy, host, roles, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
MIB = 1 << 20
TOKEN = "a/session+token="
HARNESS = Path(__file__).resolve().parents[1] / "harness"


class Place:
    """A strict server that wants a session token, the endpoints that give it, a walship without credentials."""

    def __init__(self, scratch, program, server, endpoint):
        self.server, self.endpoint = server, endpoint
        self.directory = scratch.directory()
        self.aws = scratch.directory("aws")
        self.spool = scratch.directory("sp") / "spool"
        options = server.options(self.directory, host.USER)
        del options["s3-key"], options["s3-key-secret-file"]
        self.walship = walship.Walship(program, self.directory, {**options, "spool": self.spool, "push-timeout": "5s"},
                                       secrets=[server.secret_key.encode(), TOKEN.encode()])
        self.number = 0

    def file(self, name, text, mode=0o600):
        return host.USER.write(self.aws / name, text, mode)

    def push(self, env, *args):
        self.number += 1
        name = wal.segment_name(1, self.number, MIB)
        path = self.aws / name
        host.USER.write(path, wal.segment(SYSTEM_ID, name, MIB), 0o600)
        return self.walship.run("push", path, *args, env={name: str(value) for name, value in env.items()})

    def show(self, env):
        return self.walship.run("config", "--credentials", env={name: str(value) for name, value in env.items()})


@pytest.fixture
def place(scratch, program):
    with strict_s3.StrictS3(session_token=TOKEN) as server:
        with roles.Roles(server.access_key, server.secret_key, TOKEN) as endpoint:
            yield Place(scratch, program, server, endpoint)


def keys(server):
    return f"aws_access_key_id = {server.access_key}\naws_secret_access_key = {server.secret_key}\naws_session_token = {TOKEN}\n"


def variables(place):
    return {"AWS_ACCESS_KEY_ID": place.server.access_key, "AWS_SECRET_ACCESS_KEY": place.server.secret_key,
            "AWS_SESSION_TOKEN": TOKEN}


def profile(place):
    return {"AWS_SHARED_CREDENTIALS_FILE": place.file("credentials", f"[backup]\n{keys(place.server)}"), "AWS_PROFILE": "backup"}


def home(place):
    os.makedirs(place.aws / ".aws", exist_ok=True)
    host.USER.own(place.aws / ".aws", 0o700)
    place.file(".aws/credentials", f"[default]\n{keys(place.server)}")
    return {"HOME": place.aws}


def process(place):
    script = place.file("give", "#!/bin/sh\ncat '%s'\n" % place.file("given.json", json.dumps({
        "Version": 1, "AccessKeyId": place.server.access_key, "SecretAccessKey": place.server.secret_key,
        "SessionToken": TOKEN, "Expiration": place.endpoint.credentials()["Expiration"]})), 0o700)
    return {"AWS_CONFIG_FILE": place.file("config", f"[default]\ncredential_process = '{script}' \"two words\"\n", 0o644)}


def web_identity(place):
    place.endpoint.web_token = "ey.to/k+en"
    return {"AWS_WEB_IDENTITY_TOKEN_FILE": place.file("token", "ey.to/k+en\n", 0o644), "AWS_ENDPOINT_URL_STS": place.endpoint.url,
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/backup"}


def assumed(place):
    """A role by the keys of another profile, which have a token too."""
    place.endpoint.assuming, place.endpoint.external_id = ("AKBASE", "base/secret", "base+token"), "between us"
    return {"AWS_SHARED_CREDENTIALS_FILE": place.file("credentials", "[base]\naws_access_key_id = AKBASE\naws_secret_access_key = "
                                                      "base/secret\naws_session_token = base+token\n"),
            "AWS_CONFIG_FILE": place.file("config", "[profile role]\nrole_arn = arn:aws:iam::1:role/backup\nsource_profile = base\n"
                                          "external_id = between us\n", 0o644),
            "AWS_PROFILE": "role", "AWS_ENDPOINT_URL_STS": place.endpoint.url}


def sso_token(place, **more):
    path = f".aws/sso/cache/{hashlib.sha1(b'my').hexdigest()}.json"
    os.makedirs((place.aws / path).parent, exist_ok=True)
    for directory in (".aws", ".aws/sso", ".aws/sso/cache"):
        host.USER.own(place.aws / directory, 0o700)
    return place.file(path, json.dumps(more))


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def sso(place):
    place.endpoint.sso_token = "sso/token"
    sso_token(place, accessToken="sso/token", expiresAt=at(3600))
    return {"HOME": place.aws, "AWS_PROFILE": "center", "AWS_ENDPOINT_URL_SSO": place.endpoint.url, "AWS_ENDPOINT_URL_SSO_OIDC": place.endpoint.url,
            "AWS_CONFIG_FILE": place.file("config", "[profile center]\nsso_session = my\nsso_account_id = 123456789012\nsso_role_name = backup\n"
                                          "[sso-session my]\nsso_region = ca-central-1\nsso_start_url = https://x.test/start\n", 0o644)}


def container(place):
    place.endpoint.authorization = "Basic open"
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": place.endpoint.url + "/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": place.file("authorization", "Basic open\n")}


def instance(place):
    return {"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": place.endpoint.url}


SOURCES = {variables: "the environment", profile: "profile 'backup' of ", home: "profile 'default' of ",
           process: "credential_process of profile 'default'", web_identity: r"role arn:aws:iam::123456789012:role/backup by the token",
           assumed: "role arn:aws:iam::1:role/backup by profile 'role'", sso: "role backup of account 123456789012 by profile 'center'",
           container: "the container endpoint http://127", instance: "instance role backup-role by http://127"}
TEMPORARY = (web_identity, assumed, sso, container, instance)
ASKED = {web_identity: 1, assumed: 1, sso: 1, container: 1, instance: 3}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.__name__)
def test_a_source_is_enough(place, source):
    env = source(place)
    place.push(env).expect(0)
    assert place.server.count() == place.server.count("PUT") == 1
    shown = place.show(env).expect(0)
    out = shown.out.decode()
    assert re.search(r"^source +" + ("(the instance's role|instance role)" if source is instance else SOURCES[source]), out, re.M)
    assert re.search(rf"^access key +{place.server.access_key}$", out, re.M) and "temporary" in out
    assert ("expires" in out) == (source in TEMPORARY or source is process)


@pytest.mark.parametrize("source", TEMPORARY, ids=lambda source: source.__name__)
def test_temporary_ones_are_kept_between_processes(place, source):
    env = source(place)
    for _ in range(4):
        place.push(env).expect(0)
    assert len(place.endpoint.requests) == ASKED[source]
    assert place.server.count() == 4
    (kept,) = place.spool.glob("credentials-*")  # push ahead has a directory of its own beside it
    assert kept.stat().st_mode & 0o7777 == 0o600 and place.spool.stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize("source", TEMPORARY, ids=lambda source: source.__name__)
def test_those_that_expire_soon_are_not_kept_on(place, source):
    env = source(place)
    place.endpoint.life_s = 599
    place.push(env).expect(0)
    place.push(env).expect(0)
    assert len(place.endpoint.requests) == 2 * ASKED[source]


@pytest.mark.parametrize("source", TEMPORARY, ids=lambda source: source.__name__)
def test_expired_ones_are_renewed_once(place, source):
    """The store ends them earlier than their Expiration says."""
    env = source(place)
    place.push(env).expect(0)
    place.server.expired_tokens.add(TOKEN)
    place.server.session_token = place.endpoint.token = TOKEN + "new"
    place.push(env).expect(0)
    assert [request.status for request in place.server.requests] == [200, 400, 200]
    place.push(env).expect(0)
    assert place.server.count() == 4
    # And when the source has no better ones, that is said after one more try.
    place.server.expired_tokens.add(TOKEN + "new")
    place.push(env).expect(3, "400 ExpiredToken", "temporary credentials have expired")
    assert place.server.count() == 6


def test_the_order_of_the_sources(place):
    """Own options, variables, profile, web identity, container, instance: each one is taken away in its turn."""
    env = {**instance(place), **container(place), **web_identity(place), **profile(place), **variables(place)}
    expected = ["the environment", "profile 'backup'", "role arn", "the container endpoint", "instance role"]
    taken_away = [variables, profile, web_identity, container, instance]
    for source, words in zip(taken_away, expected):
        assert re.search(rf"^source +{words}", place.show(env).expect(0).out.decode(), re.M)
        for name in source(place):
            env.pop(name, None)
    place.show(env).expect(2, "no credentials for S3", "s3-key")


def test_an_sso_token_is_renewed(place):
    """The file of AWS's tool gets the new token and keeps what walship does not know."""
    env = sso(place)
    place.endpoint.refresh_token = "again"
    path = sso_token(place, accessToken="old", expiresAt=at(-5), refreshToken="again", clientId="client", clientSecret="hush",
                     registrationExpiresAt=at(86400), startUrl="https://x.test/start")
    place.push(env).expect(0)
    assert place.endpoint.requests == ["POST /token", "GET /federation/credentials?role_name=backup&account_id=123456789012"]
    kept = json.loads(path.read_text())
    assert (kept["accessToken"], kept["refreshToken"], kept["startUrl"]) == ("sso/token", "again+", "https://x.test/start")
    assert kept["expiresAt"] > at(3000) and path.stat().st_mode & 0o7777 == 0o600
    # Without a way to renew it, somebody has to log in.
    sso_token(place, accessToken="old", expiresAt=at(-5))
    shutil.rmtree(place.spool)
    place.push(env).expect(2, "the token in .* expired", "aws sso login")


def test_the_metadata_token_is_renewed(place):
    env = instance(place)
    place.endpoint.stale_metadata_tokens = 1
    place.push(env).expect(0)
    assert place.endpoint.requests.count("PUT /latest/api/token") == 2


@pytest.mark.parametrize("source, change, error", [
    (container, lambda place: setattr(place.endpoint, "authorization", "other"), r"the container endpoint http://\S+/container answered HTTP 401"),
    (web_identity, lambda place: setattr(place.endpoint, "web_token", "other"), r"STS .*answered HTTP 403 AccessDenied: Not authorized"),
    (assumed, lambda place: setattr(place.endpoint, "assuming", ("AKBASE", "other", "base+token")), r"STS .AssumeRole.* HTTP 403 AccessDenied: Not"),
    (sso, lambda place: setattr(place.endpoint, "sso_token", "other"), r"IAM Identity Center \S+ answered HTTP 401"),
    (instance, lambda place: setattr(place.endpoint, "stale_metadata_tokens", 99), r"metadata service http://\S+ answered HTTP 401"),
], ids=["container", "web-identity", "assumed", "sso", "instance"])
def test_a_source_that_refuses_is_named(place, source, change, error):
    env = source(place)
    change(place)
    place.push(env).expect(3, error, ".*" if source is not instance else None)
    assert place.server.count() == 0


def hanging_process(place):
    return {"AWS_CONFIG_FILE": place.file("config", "[default]\ncredential_process = sleep 600\n")}


def quiet_process(place):
    """Closes its output, and goes on."""
    return {"AWS_CONFIG_FILE": place.file("config", "[default]\ncredential_process = sh -c 'exec >&-; exec sleep 600'\n")}


@pytest.mark.parametrize("source, error", [
    (container, "the container endpoint: .*no answer in time"), (web_identity, "STS .*no answer in time"),
    (instance, "metadata service: .*no answer in time"), (hanging_process, "credential_process sleep: did not exit in time"),
    (quiet_process, "credential_process sh: did not exit in time"),
], ids=["container", "web-identity", "instance", "process", "quiet-process"])
def test_a_source_that_hangs_ends_in_time(place, source, error):
    env = source(place)
    place.endpoint.silent = True
    place.walship.configure(push_timeout="2s")
    start = time.monotonic()
    place.push(env).expect(3, error, "HttpPutResponseHopLimit" if source is instance else None)
    assert time.monotonic() - start < 8 and place.server.count() == 0


def test_without_a_spool_every_call_asks(place):
    env = container(place)
    host.USER.mkdir(place.spool, 0o755)
    os.chmod(place.spool, 0o755)
    for number in (1, 2):
        place.push(env).expect(0, "will be requested on every call", None)
        assert len(place.endpoint.requests) == number


def test_link_local_addresses(scratch, program):
    """The well-known addresses themselves, and never through a proxy."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "true"], check=False).returncode != 0:
        pytest.skip("no network namespaces here")
    assert shutil.which("ip"), "iproute2 is one of the tests' packages"
    directory = scratch.directory("net")
    name = wal.segment_name(1, 3, MIB)
    path = host.USER.write(directory / name, wal.segment(SYSTEM_ID, name, MIB), 0o600)
    ship = walship.Walship(program, directory, {"repo": "s3://strict/pre", "push-timeout": "5s"})
    done = subprocess.run(["unshare", "--net", sys.executable, str(HARNESS / "in_own_network.py"), str(directory),
                           *ship.argv("push", path)], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    outcome = json.loads(done.stdout)
    assert outcome["169.254.169.254"]["code"] == 0, outcome
    assert outcome["169.254.170.2"] == {"code": 0, "err": "", "asked": ["GET /container"]}
    assert len(outcome["169.254.169.254"]["asked"]) == 3 and len(outcome["stored"]) == 1


@pytest.mark.parametrize("by_option", [False, True], ids=["HTTPS_PROXY", "s3-proxy"])
def test_a_proxy_with_its_own_authority_serves_sts_too(scratch, program, authority, by_option):
    """Store, STS and proxy all have TLS; the proxy's certificate is of another authority than theirs."""
    own = certs.Authority(scratch.path / f"proxy-ca-{by_option}", "the proxy's CA")
    with strict_s3.StrictS3(session_token=TOKEN, tls=authority.issue("strict")) as server, \
            roles.Roles(server.access_key, server.secret_key, TOKEN, tls=authority.issue("sts")) as endpoint, \
            forward_proxy.ForwardProxy(tls=own.issue("proxy")) as proxy:
        place = Place(scratch, program, server, endpoint)
        env = {**assumed(place), "AWS_CA_BUNDLE": authority.file}
        place.walship.configure(s3_ca_file=authority.file, s3_proxy_ca_file=own.file)
        if by_option:
            place.walship.configure(s3_proxy=proxy.url)
        else:
            env["HTTPS_PROXY"] = proxy.url
        place.push(env).expect(0)
        assert server.count() == 1 and endpoint.requests == ["POST /"]
        assert proxy.asked == [f"CONNECT 127.0.0.1:{port}" for port in (endpoint.port, server.port)]
        place.walship.configure(s3_proxy_ca_file=None)
        shutil.rmtree(place.spool)
        place.push(env).expect(3, "STS.*the proxy's certificate is not trusted", "set s3-proxy-ca-file")


def test_a_directory_needs_none(dir_site):
    done = dir_site.run("config", "--credentials").expect(0)
    assert done.out.decode() == f"none needed: the repository is the directory {dir_site.store.path}\n"
    assert b'"source":null' in dir_site.run("config", "--credentials", "--json").expect(0).out
