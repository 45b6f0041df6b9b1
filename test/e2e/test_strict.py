"""The strict server is S3 to an independent client, and refuses what is not right; walship needs one request a segment."""

import concurrent.futures
import json
import time
import urllib.error
import urllib.request

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from harness import host, strict_s3, wal, walship

SYSTEM_ID = 7601921254259666965
SESSION = botocore.session.Session()  # reads the model of S3 once


def client(server, verify=None, **more):
    keys = {"aws_access_key_id": server.access_key, "aws_secret_access_key": server.secret_key,
            "aws_session_token": server.session_token, "region_name": server.region, **more}
    return SESSION.create_client(
        "s3", endpoint_url=server.url, verify=verify, config=Config(signature_version="s3v4", s3={"addressing_style": "path", "payload_signing_enabled": True},
                                                     retries={"max_attempts": 0}), **keys)


def refusal(call, **kwargs):
    with pytest.raises(ClientError) as caught:
        call(**kwargs)
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"], caught.value.response["Error"]["Code"]


@pytest.fixture
def server():
    with strict_s3.StrictS3() as running:
        yield running


@pytest.fixture
def own_walship(scratch, program):
    def make(server, **options):
        directory = scratch.directory()
        merged = {**server.options(directory, host.USER), "push-timeout": "10s", "fetch-timeout": "10s",
                  **{name.replace("_", "-"): value for name, value in options.items()}}
        return walship.Walship(program, directory, merged, secrets=[server.secret_key.encode()])
    return make


def segment(scratch, number=1, bytes_=1 << 20, seed=0):
    name = wal.segment_name(1, number, bytes_)
    content = wal.segment(SYSTEM_ID, name, bytes_, seed)
    return name, content, host.USER.write(scratch.directory("f") / name, content, 0o600)


def test_an_independent_client_is_served(server):
    s3 = client(server)
    s3.put_object(Bucket="strict", Key="a/b c+d", Body=b"content", ContentType="text/plain")
    assert s3.get_object(Bucket="strict", Key="a/b c+d")["Body"].read() == b"content"
    assert s3.get_object(Bucket="strict", Key="a/b c+d", Range="bytes=2-3")["Body"].read() == b"nt"
    assert s3.head_object(Bucket="strict", Key="a/b c+d")["ContentLength"] == 7
    assert s3.get_object(Bucket="strict", Key="a/b c+d", Range="bytes=-2")["Body"].read() == b"nt"
    etag = s3.head_object(Bucket="strict", Key="a/b c+d")["ETag"]
    assert s3.get_object(Bucket="strict", Key="a/b c+d", IfMatch=etag)["ContentLength"] == 7
    assert refusal(s3.get_object, Bucket="strict", Key="a/b c+d", IfMatch='"other"') == (412, "PreconditionFailed")
    assert refusal(s3.get_object, Bucket="strict", Key="a/b c+d", Range="bytes=7-") == (416, "InvalidRange")
    assert refusal(s3.get_object, Bucket="strict", Key="none") == (404, "NoSuchKey")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="strict")["Contents"]] == ["a/b c+d"]
    assert refusal(s3.get_object, Bucket="other", Key="none") == (404, "NoSuchBucket")
    for number in range(7):
        s3.put_object(Bucket="strict", Key=f"n/{number}", Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="strict", Prefix="n/", PaginationConfig={"PageSize": 3}))
    assert [item["Key"] for page in pages for item in page["Contents"]] == [f"n/{number}" for number in range(7)]
    assert len(pages) == 3
    s3.delete_object(Bucket="strict", Key="n/3")
    assert "n/3" not in server.bucket.keys()


def test_an_independent_client_uploads_in_parts(server):
    s3, parts = client(server), []
    upload = s3.create_multipart_upload(Bucket="strict", Key="big")["UploadId"]
    assert server.open_uploads == 1
    complete = {"Bucket": "strict", "Key": "big", "UploadId": upload}
    for number, body in enumerate((b"x" * (5 << 20), b"y"), 1):
        done = s3.upload_part(Bucket="strict", Key="big", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": done["ETag"]})
    for wrong in (parts[:1], parts[::-1], [parts[0], {**parts[1], "ETag": parts[0]["ETag"]}]):
        assert refusal(s3.complete_multipart_upload, **complete, MultipartUpload={"Parts": wrong}) == (400, "InvalidPart")
    s3.complete_multipart_upload(**complete, MultipartUpload={"Parts": parts})
    assert server.bucket.get("big") == b"x" * (5 << 20) + b"y"
    other = s3.create_multipart_upload(Bucket="strict", Key="big")["UploadId"]
    s3.abort_multipart_upload(Bucket="strict", Key="big", UploadId=other)
    assert refusal(s3.abort_multipart_upload, Bucket="strict", Key="big", UploadId=other) == (404, "NoSuchUpload")
    small = {"Bucket": "strict", "Key": "s", "UploadId": s3.create_multipart_upload(Bucket="strict", Key="s")["UploadId"]}
    parts = [{"PartNumber": number, "ETag": s3.upload_part(**small, PartNumber=number, Body=b"x")["ETag"]} for number in (1, 2)]
    assert refusal(s3.complete_multipart_upload, **small, MultipartUpload={"Parts": parts}) == (400, "EntityTooSmall")
    s3.abort_multipart_upload(**small)
    assert server.open_uploads == 0
    assert [path.name for path in server.bucket.directory.parent.iterdir()] == ["objects"], "parts are left"


def test_an_independent_clients_own_key(authority, server):
    """SSE-C: what was put with a key is read with that key alone, and each part needs it."""
    def mine(byte):
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": bytes([byte]) * 32}
    with strict_s3.StrictS3(tls=authority.issue("strict")) as secure:
        s3 = client(secure, verify=str(authority.file))
        named, other = {"Bucket": "strict", "Key": "mine"}, {"Bucket": "strict", "Key": "plain"}
        s3.put_object(**named, **mine(1), Body=b"content")
        s3.put_object(**other, Body=b"content")
        assert s3.get_object(**named, **mine(1))["Body"].read() == b"content"
        assert s3.head_object(**named, **mine(1))["ContentLength"] == 7
        for call in (s3.get_object, s3.head_object):
            assert [refusal(call, **named)[0], refusal(call, **named, **mine(2))[0], refusal(call, **other, **mine(1))[0]] == [400, 403, 400]
        upload = {**named, "UploadId": s3.create_multipart_upload(**named, **mine(1))["UploadId"]}
        for wrong in ({}, mine(2)):
            assert refusal(s3.upload_part, **upload, **wrong, PartNumber=1, Body=b"x") == (400, "InvalidRequest")
        s3.upload_part(**upload, **mine(1), PartNumber=1, Body=b"x")
        assert refusal(s3.put_object, **other, SSECustomerAlgorithm="AES256", SSECustomerKey=b"short", Body=b"x")[0] == 400
    assert refusal(client(server).put_object, **named, **mine(1), Body=b"content") == (400, "InvalidRequest")


def test_wrong_keys_regions_and_tokens_are_refused(server):
    put = {"Bucket": "strict", "Key": "a", "Body": b"x"}
    assert refusal(client(server, aws_secret_access_key="other").put_object, **put) == (403, "SignatureDoesNotMatch")
    assert refusal(client(server, aws_access_key_id="OTHER").put_object, **put) == (403, "InvalidAccessKeyId")
    client(server, region_name="eu-west-1").put_object(**put)  # botocore follows the <Region> of a refusal
    assert 400 in [request.status for request in server.requests]
    assert refusal(client(server, aws_session_token="none").put_object, **put) == (403, "InvalidToken")
    server.session_token = "token"
    assert refusal(client(server, aws_session_token=None).put_object, **put) == (403, "InvalidToken")
    client(server).put_object(**put)
    server.expired_tokens.add("token")
    assert refusal(client(server).put_object, **put) == (400, "ExpiredToken")
    server.expired_tokens.clear()
    server.clock_offset = 901
    assert refusal(client(server).put_object, **put) == (403, "RequestTimeTooSkewed")


class Unhashed(S3SigV4Auth):
    """Signs, but not for this body."""

    def payload(self, _request):
        return "UNSIGNED-PAYLOAD"


def send(server, change=lambda headers: None, path="raw", signer=S3SigV4Auth, **headers):
    """A request of botocore's, changed after it was signed. change: returns another body, or None."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    made = AWSRequest("PUT", f"{server.url}/strict/{path}", data=b"content", headers=headers)
    signer(Credentials(server.access_key, server.secret_key), "s3", server.region).add_auth(made)
    headers = dict(made.headers)
    body = change(headers) or b"content"
    try:
        with urllib.request.urlopen(urllib.request.Request(made.url, body, headers, method="PUT"), timeout=10) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_what_is_not_signed_or_not_true_is_refused(server):
    assert send(server, lambda headers: None) == (200, "")
    status, text = send(server, lambda headers: headers.update({"x-amz-tagging": "a=b"}))
    assert status == 403 and "not signed: x-amz-tagging" in text
    status, text = send(server, lambda headers: b"CONTENT")
    assert status == 400 and "XAmzContentSHA256Mismatch" in text
    status, text = send(server, lambda headers: headers.update({"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}))
    assert status == 400 and "BadDigest" in text
    status, text = send(server, lambda headers: headers.pop("X-Amz-Date") and None)
    assert status == 403
    status, text = send(server, lambda headers: headers.pop("Authorization") and None)
    assert status == 403 and "Authorization" in text
    status, text = send(server, signer=Unhashed)
    assert status == 400 and "XAmzContentSHA256Mismatch" in text
    status, text = send(server, path="raw%7E")  # S3 does not encode a tilde: it would sign another path
    assert status == 403 and "SignatureDoesNotMatch" in text
    status, text = send(server, lambda headers: iter([b"content"]))  # in chunks, without a length
    assert status == 411 and "MissingContentLength" in text
    assert [request.size for request in server.requests if request.status == 200] == [7]


def test_one_of_many_writers_wins(server):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = [status for status, _ in pool.map(lambda _: send(server, if_none_match="*"), range(16))]
    assert sorted(statuses) == [200] + 15 * [412]
    assert server.bucket.versions == {"raw": 1} and server.count("PUT") == 16


def test_conditions_can_be_ignored_or_refused():
    for of_bucket, status in (({"conditional": "ignore"}, 200), ({"versioned": True}, 200), ({"conditional": "refuse"}, 501)):
        with strict_s3.StrictS3(**of_bucket) as server:
            assert send(server)[0] == 200
            assert send(server, if_none_match="*")[0] == status
            assert server.bucket.versions == {"raw": 2 if status == 200 else 1}


def test_random_faults_are_repeatable():
    first, again, other = ([choose(None) for _ in range(300)] for choose in
                           (strict_s3.random_faults(7, 0.3), strict_s3.random_faults(7, 0.3), strict_s3.random_faults(8, 0.3)))
    assert first == again != other
    assert 50 < sum(fault is not None for fault in first) < 130


@pytest.mark.heart
@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_one_request_for_a_segment_each_way(own_walship, scratch, authority, tls):
    certificate = authority.issue("strict") if tls else None
    with strict_s3.StrictS3(tls=certificate) as server:
        ship = own_walship(server, s3_ca_file=authority.file, fetch_ahead="0B")
        for number in range(1, 6):
            name, content, path = segment(scratch, number, seed=number)
            ship.run("push", path).expect(0)
            assert server.count() == server.count("PUT") == number
        for number in range(1, 6):
            dest = path.parent / f"back{number}"
            ship.run("fetch", wal.segment_name(1, number, 1 << 20), dest, "--system-id", SYSTEM_ID).expect(0)
            assert server.count("GET") == number and server.count() == 5 + number
        assert dest.read_bytes() == content
        assert ship.run("cat", name, "--system-id", SYSTEM_ID).out == content


def test_the_bucket_in_the_host_name(own_walship, scratch, authority, hosts):
    hosts("127.0.0.1", "s3.test", "strict.s3.test")
    with strict_s3.StrictS3(tls=authority.issue("strict"), domain="s3.test") as server:
        ship = own_walship(server, s3_ca_file=authority.file, s3_endpoint=f"https://s3.test:{server.port}", s3_uri_style="host")
        name, content, path = segment(scratch)
        ship.run("push", path).expect(0)
        assert ship.run("cat", name, "--system-id", SYSTEM_ID).out == content
        assert [request.headers["host"] for request in server.requests] == 2 * [f"strict.s3.test:{server.port}"]
        assert not any(request.target.startswith("/strict") for request in server.requests)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:0{}", "http://127.0.0.01:{}", "http://[0:0:0:0:0:ffff:127.0.0.1]:{}", "http://LOCALHOST:{}"])
def test_an_endpoint_in_other_words(own_walship, scratch, server, endpoint):
    """libcurl writes leading zeros and long IPv6 addresses in their short form: so does what is signed."""
    ship = own_walship(server, s3_endpoint=endpoint.format(server.port))
    name, content, path = segment(scratch)
    ship.run("push", path).expect(0)
    assert ship.run("cat", name, "--system-id", SYSTEM_ID).out == content
    assert [request.status for request in server.requests] == [200, 200]


def test_an_object_in_parts(own_walship, scratch, server):
    ship = own_walship(server, compress="none", s3_part_size="5MiB")
    name, content, path = segment(scratch, bytes_=16 << 20)
    ship.run("push", path).expect(0)
    assert server.open_uploads == 0
    assert [r.query.get("partNumber") for r in server.requests if "partNumber" in r.query] == ["1", "2", "3", "4"]
    assert ship.run("cat", name, "--system-id", SYSTEM_ID).out == content
    ship.run("push", path).expect(0)  # looks, finds it, compares
    assert server.open_uploads == 0 and list(server.bucket.versions.values()) == [1]


def test_expire_aborts_what_crashes_left(server, own_walship):
    """Uploads below the cluster's prefix, older than a day, over several pages; younger ones and those of others stay."""
    tool = own_walship(server, retention_full="1", system_id=SYSTEM_ID)
    bucket, below = server.bucket, "pre/"  # of server.options
    day = 86400

    def left(key, age):
        upload = f"id{len(bucket.uploads)}"
        bucket.uploads[upload] = (f"{below}{key}", {}, {})
        bucket.begun[upload] = time.time() - age
        return upload

    old = [left(f"{SYSTEM_ID}/backup/20261101T000000Z-full/data/{number:08d}", 2 * day) for number in range(5)]
    others = [left(f"{SYSTEM_ID}/backup/20261101T000000Z-full/data/00000009", day - 600), left("7/backup/x/data/1", 9 * day), left(f"{SYSTEM_ID}0/x", 9 * day)]
    bucket.uploads_page = 2

    def expire(*args):
        return json.loads(tool.run("expire", "--json", *args).expect(0).out.splitlines()[-1])

    assert expire("--dry-run")["unfinished_uploads"] == 5 and len(bucket.uploads) == 8
    bucket.abort_permission = False
    line = expire()
    assert line["refused_uploads"] == 5 and "AccessDenied" in line["upload_refusal"] and len(bucket.uploads) == 8
    bucket.abort_permission, bucket.list_uploads_permission = True, False
    line = expire()
    assert (line["unfinished_uploads"], line["refused_uploads"]) == (0, 1) and "AccessDenied" in line["upload_refusal"]
    assert b"the store refused to list or abort uploads (1)" in tool.run("expire").expect(0).out
    bucket.list_uploads_permission = True
    line = expire()
    assert (line["unfinished_uploads"], line["refused_uploads"], line["upload_refusal"]) == (5, 0, None)
    assert sorted(bucket.uploads) == sorted(others) and not set(old) & set(bucket.uploads)
