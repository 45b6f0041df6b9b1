"""A bad S3 store, or a bad configuration of it: the exit code of push and fetch, the message and the hint."""

import os
import socket

import pytest
from test_bad_input import NAME, fetch, push, stored

from harness import certs, host

def wrong_secret(site, _):
    site.walship.configure(s3_key_secret_file=host.USER.write(site.directory / "wrong", "not+the/secret\n", 0o600))


def wrong_access_key(site, _):
    site.walship.configure(s3_key="NOBODY")


def no_secret_file(site, _):
    site.walship.configure(s3_key_secret_file=site.directory / "absent.secret")


def open_secret_file(site, _):
    (site.directory / "s3-secret").chmod(0o644)


def no_secret(site, _):
    site.walship.configure(s3_key_secret_file=None)


def unknown_bucket(site, _):
    site.walship.configure(repo="s3://no-such-bucket/prefix")


def nobody_listens(site, _):
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    site.walship.configure(s3_endpoint=f"https://127.0.0.1:{held.getsockname()[1]}")
    site.held = held


def no_such_host(site, _):
    site.walship.configure(s3_endpoint="https://s3.walship.invalid")


def nobody_answers(site, _):
    site.store.proxy.stall()


def expired_certificate(site, more):
    front = more.getfixturevalue("tls_front")(*more.getfixturevalue("authority").issue("expired", days=-1))
    site.walship.configure(s3_endpoint=f"https://127.0.0.1:{front.port}")


def unknown_authority(site, more):
    other = certs.Authority(more.getfixturevalue("scratch").directory("pki") / "ca", "another CA")
    site.walship.configure(s3_ca_file=other.file)


def own_authority_unnamed(site, _):
    site.walship.configure(s3_ca_file=None)


def wrong_host_name(site, more):
    """The certificate is for 127.0.0.1 and localhost."""
    port = site.store.proxy.port
    site.walship.configure(s3_endpoint=f"https://127.0.0.2:{port}")


def no_tls(site, _):
    site.walship.configure(s3_endpoint=f"https://127.0.0.1:{site.store.server.http_port}")


def absent_ca_file(site, _):
    site.walship.configure(s3_ca_file=site.directory / "absent.pem")


# (name, change, push code, fetch code, message, hint)
S3_MISTAKES = [
    ("wrong secret", wrong_secret, 3, 255, r"403 SignatureDoesNotMatch", r"s3-key-secret"),
    ("wrong access key", wrong_access_key, 3, 255, r"403 InvalidAccessKeyId", r"s3-key"),
    ("unknown bucket", unknown_bucket, 3, 255, r"no-such-bucket.*404 NoSuchBucket", r"bucket"),
    ("nobody listens", nobody_listens, 3, 255, r"127\.0\.0\.1.*(refused|connect)", r"s3-endpoint"),
    ("no such host", no_such_host, 3, 255, r"s3\.walship\.invalid", r"s3-endpoint"),
    ("nobody answers", nobody_answers, 3, 255, r"(?i)(timed out|timeout|deadline|no answer)", r"."),
    ("expired certificate", expired_certificate, 3, 255, r"(?i)certificate.*expired", r"."),
    ("unknown authority", unknown_authority, 3, 255, r"(?i)certificate", r"s3-ca-file"),
    ("own authority not named", own_authority_unnamed, 3, 255, r"(?i)certificate", r"s3-ca-file"),
    ("no TLS there", no_tls, 3, 255, r"(?i)(ssl|tls)", r"."),
    ("no secret", no_secret, 2, 255, r"(s3-key|secret|credentials)", r"s3-key-secret|AWS_SECRET_ACCESS_KEY"),
    ("no secret file", no_secret_file, 2, 255, r"s3-key-secret-file: .*absent\.secret.*No such file", None),
    ("secret file others can read", open_secret_file, 2, 255, r"s3-secret.*(other users|permission|group)", r"chmod"),
    ("no CA file", absent_ca_file, 2, 255, r"absent\.pem", r"s3-ca-file"),
]


@pytest.mark.heart
@pytest.mark.parametrize("command", ["push", "fetch", "fetch-standby"])
@pytest.mark.parametrize("mistake", [pytest.param(m, id=m[0].replace(" ", "-")) for m in S3_MISTAKES])
def test_s3_mistake(request, s3_site, mistake, command):
    """Where the server asks again (fetch-error = continue, as on a standby) an outage is a code below 126."""
    _, change, push_code, fetch_code, error, hint = mistake
    site = s3_site
    stored(site)
    before = site.store.list()
    site.walship.configure(push_timeout="1s", fetch_timeout="1s")
    change(site, request)
    if command == "push":
        call, code = push(site), push_code
    elif command == "fetch":
        call, code = fetch(site), fetch_code
    else:
        call, code = fetch(site, "--fetch-error", "continue"), 3 if push_code == 3 else 255
    done = site.run(*call)
    done.expect(code, error, hint)
    # Configuration is at fault before there is a segment to speak of; anything else names it.
    assert push_code == 2 or f"walship: {command.split('-')[0]} {NAME}: " in done.error
    if command != "push":
        assert not os.path.exists(call[2])
    assert site.store.list() == before


def test_tls_front_works(s3_site, authority, tls_front):
    """The proxy of the expired certificate, with a good one: so the certificate alone was at fault above."""
    front = tls_front(*authority.issue("good"))
    s3_site.walship.configure(s3_endpoint=f"https://127.0.0.1:{front.port}")
    stored(s3_site)
    s3_site.run(*fetch(s3_site)).expect(0)
