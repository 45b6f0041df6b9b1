#!/usr/bin/python3
"""Thousands of generated requests, signed by walship and by botocore, which must agree to the last digit.

    sigv4_botocore.py PROGRAM [COUNT [SEED]]
"""

import datetime
import hashlib
import random
import subprocess
import sys
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PIECES = ["a", "Z", "0", "-", ".", "_", "~", "/", "//", " ", "+", "%", "%2F", "=", "&", "?", "#", "*", "'", "(", ")", "!",
          "$", ",", ":", ";", "@", "[", "]", "\\", "\"", "<", ">", "|", "^", "`", "{", "}", "\t", "\x7f", "é", "ß",
          "漢字", "🐘", "\u00a0", "..", "./", "../"]
NAMES = ["x-amz-meta-a", "x-amz-meta-a-b", "x-amz-meta-ab", "x-amz-meta-a1", "x-amz-meta-z", "x-amz-storage-class",
         "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-tagging",
         "x-amz-object-lock-mode", "content-md5", "content-type", "if-none-match", "if-match", "range"]
HEADER_VALUES = ["a", "*", "bytes=0-9", "aws:kms", "  two  blanks  ", "a  b   c", "a,b", "=", "tab\tinside", "\"quoted\"",
                 "arn:aws:kms:ca-central-1:1:key/a-b", "k=v&w=x"]
QUERY_NAMES = ["uploads", "uploadId", "partNumber", "list-type", "prefix", "max-keys", "a", "a-b", "A", "é", "a b", "~"]


def text(rng, most):
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(most)))


def generate(rng):
    host = rng.choice(["examplebucket.s3.ca-central-1.amazonaws.com", "127.0.0.1:8443", "[::1]:9000", "s3.test",
                       "a.b-c.example:8080"])
    return {
        "method": rng.choice(["GET", "PUT", "POST", "HEAD", "DELETE"]),
        "host": host,
        "path": "/" + text(rng, 24),
        "query": [(rng.choice(QUERY_NAMES), text(rng, 6)) for _ in range(rng.choice([0, 0, 1, 2, 5, 9]))],
        "headers": {name: rng.choice(HEADER_VALUES) for name in rng.sample(NAMES, rng.randrange(len(NAMES)))},
        "sha256": hashlib.sha256(rng.randbytes(8)).hexdigest(),
        "region": rng.choice(["ca-central-1", "us-east-1", "cn-north-1", "garage"]),
        "now": rng.randrange(0, 4102444800),
        "key": "AKIA" + str(rng.randrange(10**16)),
        "secret": "".join(rng.choice("abcXYZ019/+=") for _ in range(rng.choice([1, 40, 64, 200]))),
        "token": rng.choice([None, None, "FwoGZXIvYXdzE/+=" * rng.randrange(1, 90)]),
    }


def lines(case):
    def line(name, value):
        return f"{name} {value.encode().hex()}\n"
    out = [line(name, str(case[name])) for name in ("method", "host", "path", "sha256", "region", "now", "key", "secret")]
    if case["token"]:
        out.append(line("token", case["token"]))
    for name, value in case["query"]:
        out += [line("query-name", name), line("query-value", value)]
    for name, value in case["headers"].items():
        out += [line("header-name", name), line("header-value", value)]
    return "".join(out) + "\n"


def botocore_signs(case):
    def encode(value, safe=""):
        return quote(value, safe="-._~" + safe)
    url = "https://" + case["host"] + encode(case["path"], "/")
    if case["query"]:
        url += "?" + "&".join(f"{encode(n)}={encode(v)}" for n, v in case["query"])
    request = AWSRequest(method=case["method"], url=url, headers=case["headers"])
    request.headers["Host"] = case["host"]
    signer = botocore.auth.S3SigV4Auth(Credentials(case["key"], case["secret"], case["token"]), "s3", case["region"])
    now = datetime.datetime.fromtimestamp(case["now"], datetime.timezone.utc).replace(tzinfo=None)
    with mock.patch.object(signer, "payload", lambda _: case["sha256"]), \
         mock.patch.object(botocore.auth, "datetime") as clock:
        clock.datetime.utcnow.return_value = now
        # S3SigV4Auth sets x-amz-date itself and leaves an x-amz-content-sha256 that is there alone.
        request.headers["X-Amz-Content-SHA256"] = case["sha256"]
        signer.add_auth(request)
    return request.headers["Authorization"]


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(2**32)
    print(f"# seed {seed}")
    rng = random.Random(seed)
    cases = [generate(rng) for _ in range(count)]
    expected = [botocore_signs(case) for case in cases]
    done = subprocess.run([program], input="".join(map(lines, cases)), capture_output=True, text=True, timeout=300,
                          check=True)
    answers = done.stdout.splitlines()
    wrong = 0
    for case, answer, theirs in zip(cases, answers, expected):
        ours = answer.split("\t")[1]
        if ours != theirs:
            wrong += 1
            if wrong <= 3:
                print(f"# {case!r}\n# walship:  {ours}\n# botocore: {theirs}")
    good = wrong == 0 and len(answers) == count and count > 0
    print(f"1..1\n{'ok' if good else 'not ok'} 1 - {count} requests signed as botocore signs them")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
