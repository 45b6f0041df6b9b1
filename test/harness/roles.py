"""The endpoints that give temporary credentials, on loopback: an instance's (IMDSv2), a container's, STS, IAM Identity Center."""

import hashlib
import json
import re
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .listener import Listener

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/sts/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
STS_XML = """<{Action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{Action}Result>
<Credentials><AccessKeyId>{AccessKeyId}</AccessKeyId><SecretAccessKey>{SecretAccessKey}</SecretAccessKey>
<SessionToken>{Token}</SessionToken><Expiration>{Expiration}</Expiration></Credentials>
</{Action}Result></{Action}Response>"""
DENIED = 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>"


def is_signed(path, headers, body, key, secret, token):
    """By these keys, as botocore signs it."""
    match = AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
    if not match or match[1] != key or headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return False
    signed = match[3].split(";")
    if not {"host", "content-type", "x-amz-date"} <= set(signed) or headers.get("x-amz-security-token") != token:
        return False
    wire = AWSRequest(method="POST", url=f"http://{headers['Host']}{path}", data=body,
                      headers={name: headers[name] for name in signed if name != "host"})
    wire.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(key, secret, token), "sts", match[2])
    return signer.signature(signer.string_to_sign(wire, signer.canonical_request(wire)), wire) == match[4]


class Roles(Listener):
    """Gives `token` with the given keys. requests: what was asked, method and path."""

    def __init__(self, access_key, secret_key, token, address=("127.0.0.1", 0), tls=None):
        self.access_key, self.secret_key, self.token = access_key, secret_key, token
        self.life_s = 3600
        self.stale_metadata_tokens = 0  # so many 401
        self.authorization = None       # what the container's endpoint asks for
        self.web_token = None           # what STS asks for
        self.assuming = None            # keys and token (or None) that may assume the role
        self.external_id = None         # what AssumeRole has to name
        self.sso_token = None           # what IAM Identity Center asks for
        self.refresh_token = None       # what renews it, once
        self.silent = False             # takes requests and never answers
        self.requests = []
        super().__init__(self._handler(), address, tls=tls)

    def credentials(self):
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.life_s))
        return {"Code": "Success", "AccessKeyId": self.access_key, "SecretAccessKey": self.secret_key, "Token": self.token,
                "Expiration": expires}

    def put(self, path, headers):
        """IMDSv2: a token first."""
        if path != "/latest/api/token" or not headers.get("x-aws-ec2-metadata-token-ttl-seconds"):
            return 400, ""
        return 200, "metadata-token"

    def get(self, path, headers):
        if path == "/container":
            if self.authorization and headers.get("Authorization") != self.authorization:
                return 401, ""
            return 200, json.dumps(self.credentials())
        if path == "/federation/credentials?role_name=backup&account_id=123456789012":
            if self.sso_token is None or headers.get("x-amz-sso_bearer_token") != self.sso_token:
                return 401, "{}"
            return 200, json.dumps({"roleCredentials": {
                "accessKeyId": self.access_key, "secretAccessKey": self.secret_key, "sessionToken": self.token,
                "expiration": int((time.time() + self.life_s) * 1000)}})
        if headers.get("x-aws-ec2-metadata-token") != "metadata-token" or self.stale_metadata_tokens > 0:
            self.stale_metadata_tokens -= 1
            return 401, ""
        role = "/latest/meta-data/iam/security-credentials/"
        answers = {role: "backup-role", role + "backup-role": json.dumps(self.credentials())}
        return (200, answers[path]) if path in answers else (404, "")

    def post(self, path, headers, body):
        if path == "/token":
            return self.renew(json.loads(body))
        form = dict(urllib.parse.parse_qsl(body.decode()))
        action = form.get("Action")
        if action == "AssumeRole":
            allowed = self.assuming and is_signed(path, headers, body, *self.assuming) and form.get("ExternalId") == self.external_id
        else:
            allowed = action == "AssumeRoleWithWebIdentity" and form.get("WebIdentityToken") == self.web_token
        return (200, STS_XML.format(Action=action, **self.credentials())) if allowed else DENIED

    def renew(self, form):
        """CreateToken of IAM Identity Center: each refresh token is good for one use."""
        if self.refresh_token is None or form != {"grantType": "refresh_token", "clientId": "client", "clientSecret": "hush",
                                                  "refreshToken": self.refresh_token}:
            return 400, "{}"
        self.refresh_token += "+"
        return 200, json.dumps({"accessToken": self.sso_token, "expiresIn": 3600, "refreshToken": self.refresh_token})

    def _handler(self):
        roles = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, text):
                roles.requests.append(f"{self.command} {self.path}")
                if roles.silent:
                    self.close_connection = True
                    self.connection.recv(1)  # until the client goes away
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self):
                self.answer(*roles.get(self.path, self.headers))

            def do_PUT(self):
                self.answer(*roles.put(self.path, self.headers))

            def do_POST(self):
                self.answer(*roles.post(self.path, self.headers, self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_):
                pass
        return Handler
