"""Whether a request is signed as S3 asks for, by botocore's signer: independent of walship's own."""

import base64
import calendar
import hashlib
import re
import time
import urllib.parse

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
SKEW_MAX_S = 900


class Refused(Exception):
    """An S3 error: its HTTP status, its code and what the XML says besides."""

    def __init__(self, status, code, message="", **more):
        super().__init__(code, message)
        self.status, self.code, self.message, self.more = status, code, message, more
        self.headers = {}  # of the answer


def canonical(target):
    """The target as S3 encodes it again from what it decoded: a client that encodes differently signs something else."""
    path, _, query = target.partition("?")
    path = urllib.parse.quote(urllib.parse.unquote_to_bytes(path), safe="/~")
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True, encoding="latin-1")
    return path + "?" + urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote, safe="~", encoding="latin-1")


def signature(request, signed, scope, keys):
    """What botocore makes of the request as it came over the wire."""
    headers = {name: request.headers[name] for name in signed if name != "host"}
    wire = AWSRequest(method=request.method, url=f"http://{request.headers['host']}{canonical(request.target)}", headers=headers)
    wire.context["timestamp"] = request.headers["x-amz-date"]
    signer = S3SigV4Auth(Credentials(*keys), "s3", scope)
    return signer.signature(signer.string_to_sign(wire, signer.canonical_request(wire)), wire)


def check_date(request, now):
    try:
        sent = calendar.timegm(time.strptime(request.headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refused(403, "AccessDenied", "no x-amz-date") from None
    if abs(sent - now) > SKEW_MAX_S:
        raise Refused(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")


def check_token(request, server):
    token = request.headers.get("x-amz-security-token")
    if token in server.expired_tokens:
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
    if token != server.session_token:
        raise Refused(403, "InvalidToken", "The provided token is malformed or otherwise invalid.")


def check_head(request, server):
    """All that can be said before the body is there."""
    if "host" not in request.headers:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: Host")
    if request.method in ("PUT", "POST") and "content-length" not in request.headers:
        raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
    match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if not match:
        raise Refused(403, "AccessDenied", "no usable Authorization header")
    key, day, region, names, given = match.groups()
    signed = names.split(";")
    if key != server.access_key:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    if region != server.region:
        raise Refused(400, "AuthorizationHeaderMalformed", f"the region '{region}' is wrong; expecting '{server.region}'",
                      Region=server.region)
    check_date(request, server.now())
    if not request.headers["x-amz-date"].startswith(day):
        raise Refused(403, "SignatureDoesNotMatch", "the scope is of another day")
    unsigned = [name for name in request.headers if (name == "host" or name.startswith("x-amz-")) and name not in signed]
    if unsigned or signed != sorted(signed):
        raise Refused(403, "AccessDenied", f"headers that are not signed: {' '.join(unsigned)}")
    if any(name not in request.headers for name in signed):
        raise Refused(403, "SignatureDoesNotMatch", "a signed header is not there")
    check_token(request, server)
    if signature(request, signed, region, (key, server.secret_key)) != given:
        raise Refused(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")


CUSTOMER_KEY = "x-amz-server-side-encryption-customer-"


def check_customer_key(request, tls):
    """SSE-C: all three headers or none, over TLS, by which the key is the same twice."""
    given = {name.removeprefix(CUSTOMER_KEY): value for name, value in request.headers.items() if name.startswith(CUSTOMER_KEY)}
    if not given:
        return
    if not tls:
        raise Refused(400, "InvalidRequest", "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.")
    if set(given) != {"algorithm", "key", "key-md5"} or given["algorithm"] != "AES256":
        raise Refused(400, "InvalidArgument", "Requests specifying Server Side Encryption with Customer provided keys must provide algorithm, key and MD5.")
    try:
        key = base64.b64decode(given["key"], validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Refused(400, "InvalidArgument", "The secret key was invalid for the specified algorithm.")
    if base64.b64encode(hashlib.md5(key).digest()).decode() != given["key-md5"]:
        raise Refused(400, "InvalidArgument", "The calculated MD5 hash of the key did not match the hash that was provided.")


def check_body(request):
    hashed = hashlib.sha256(request.body).hexdigest()
    if request.headers.get("x-amz-content-sha256") != hashed:
        raise Refused(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.")
    checksum = request.headers.get("x-amz-checksum-sha256")
    if checksum is not None and checksum != base64.b64encode(bytes.fromhex(hashed)).decode():
        raise Refused(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
    md5 = request.headers.get("content-md5")
    if md5 is not None and md5 != base64.b64encode(hashlib.md5(request.body).digest()).decode():
        raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
