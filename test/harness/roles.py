"""The endpoints that give temporary credentials, on loopback: an instance's (IMDSv2), a container's, STS."""

import json
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

from .listener import Listener

STS_XML = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
<Credentials><AccessKeyId>{AccessKeyId}</AccessKeyId><SecretAccessKey>{SecretAccessKey}</SecretAccessKey>
<SessionToken>{Token}</SessionToken><Expiration>{Expiration}</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


class Roles(Listener):
    """Gives `token` with the given keys. requests: what was asked, method and path."""

    def __init__(self, access_key, secret_key, token, address=("127.0.0.1", 0)):
        self.access_key, self.secret_key, self.token = access_key, secret_key, token
        self.life_s = 3600
        self.stale_metadata_tokens = 0  # so many 401
        self.authorization = None       # what the container's endpoint asks for
        self.web_token = None           # what STS asks for
        self.silent = False             # takes requests and never answers
        self.requests = []
        super().__init__(self._handler(), address)

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
        if headers.get("x-aws-ec2-metadata-token") != "metadata-token" or self.stale_metadata_tokens > 0:
            self.stale_metadata_tokens -= 1
            return 401, ""
        role = "/latest/meta-data/iam/security-credentials/"
        answers = {role: "backup-role", role + "backup-role": json.dumps(self.credentials())}
        return (200, answers[path]) if path in answers else (404, "")

    def post(self, body):
        form = dict(urllib.parse.parse_qsl(body))
        if form.get("Action") != "AssumeRoleWithWebIdentity" or form.get("WebIdentityToken") != self.web_token:
            return 403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>"
        return 200, STS_XML.format(**self.credentials())

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
                self.answer(*roles.post(self.rfile.read(int(self.headers["Content-Length"])).decode()))

            def log_message(self, *_):
                pass
        return Handler
