"""One bucket's objects, in files, and what S3 does with them."""

import hashlib
import os
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from xml.sax.saxutils import escape

from .strict_s3_auth import CUSTOMER_KEY, Refused

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"
PART_MIN = 5 << 20  # of all parts but the last
DELETE_MAX = 1000   # keys of one DeleteObjects


@dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)


def xml(root, *parts, status=200):
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{XMLNS}">{"".join(parts)}</{root}>'.encode()
    return Reply(status, body, {"Content-Type": "application/xml"})


def tag(name, value):
    return f"<{name}>{escape(str(value))}</{name}>"


def error(status, code, message="", **more):
    body = "".join(tag(name, value) for name, value in {"Code": code, "Message": message, **more}.items())
    return Reply(status, f'<?xml version="1.0"?><Error>{body}</Error>'.encode(), {"Content-Type": "application/xml"})


def etag_of(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


def encoded_key(key):
    """As encoding-type=url has it: S3 writes a blank as a plus."""
    return urllib.parse.quote_plus(key, safe="/")


def named_keys(body):
    """(quiet, keys) of a DeleteObjects."""
    try:
        root = ElementTree.fromstring(body)
        keys = [each.findtext(f"{{{XMLNS}}}Key") for each in root.findall(f"{{{XMLNS}}}Object")]
    except ElementTree.ParseError:
        keys = []
    if not 0 < len(keys) <= DELETE_MAX or not all(keys):
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed")
    return root.findtext(f"{{{XMLNS}}}Quiet") == "true", keys


def named_parts(body):
    """(number, ETag) of each part that a CompleteMultipartUpload asks for, in its order."""
    try:
        return [(int(part.findtext(f"{{{XMLNS}}}PartNumber")), part.findtext(f"{{{XMLNS}}}ETag"))
                for part in ElementTree.fromstring(body)]
    except (ElementTree.ParseError, TypeError, ValueError):
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed") from None


class Bucket:
    """conditional: "honour", "ignore", "refuse" (501) or "unsupported" (400) If-None-Match; conditional_complete False: CompleteMultipartUpload
    ignores it, as Ceph's does. list_permission False: 403 for what is not there. versioned: a put is never refused, and
    what is deleted has a delete marker."""

    def __init__(self, directory, name, conditional="honour", list_permission=True, versioned=False, conditional_complete=True):
        self.directory, self.name = Path(directory), name
        self.conditional, self.list_permission, self.versioned = conditional, list_permission, versioned
        self.conditional_complete = conditional_complete
        self.lock = threading.Lock()
        self.begun = {}     # id -> when the upload began
        self.list_uploads_permission = self.abort_permission = True
        self.uploads_page = 1000
        self.uploads = {}   # id -> (key, {part number: its file}, the headers that began it)
        self.versions = {}  # key -> how many times it was put
        self.markers = set()  # keys whose newest version is a delete marker
        self.put_headers = {}  # key -> the headers that its object was made with
        self.archived = set()  # keys that a lifecycle rule moved to an archive storage class
        self.archive_class = "DEEP_ARCHIVE"
        self.thaw_s = 0.0      # from RestoreObject to the readable copy
        self.thawing = {}      # key -> (when the copy is there: monotonic, when it goes: seconds since 1970)
        self.thaws = []        # (key, tier, days) of each RestoreObject that was accepted
        self.tells_restored = True  # listings have RestoreStatus, if it is asked for
        self.may_thaw = True   # s3:RestoreObject
        self.kept = set()      # keys that a lock or a policy protects

    def path(self, key):
        return self.directory / urllib.parse.quote(key, safe="")

    def keys(self):
        return sorted(urllib.parse.unquote(path.name) for path in self.directory.iterdir())

    def get(self, key):
        return self.path(key).read_bytes()

    def touch(self, key, seconds):
        """As if it had been stored then."""
        os.utime(self.path(key), (seconds, seconds))

    def check_condition(self, request):
        if "if-none-match" not in request.headers:
            return False
        if self.conditional == "refuse":
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented.")
        if self.conditional == "unsupported":
            raise Refused(400, "InvalidArgument", "unsupported header if-none-match")
        ignored = request.method == "POST" and not self.conditional_complete
        return self.conditional == "honour" and not self.versioned and not ignored

    def keep(self, request, body, headers):
        """Makes the object, all of it at once."""
        with self.lock:
            if self.check_condition(request) and self.path(request.key).exists():
                raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
            temporary = self.directory.parent / f"new-{threading.get_ident()}"
            temporary.write_bytes(body)
            temporary.rename(self.path(request.key))
            self.versions[request.key] = self.versions.get(request.key, 0) + 1
            self.markers.discard(request.key)
            self.put_headers[request.key] = headers
        return etag_of(body)

    def missing(self, key=None):
        refused = Refused(404, "NoSuchKey", "The specified key does not exist.")
        if not self.list_permission:
            refused = Refused(403, "AccessDenied", "Access Denied")
        if key in self.markers:
            refused.headers["x-amz-delete-marker"] = "true"
        raise refused

    def check_customer_key(self, request):
        """An object is read with the key that it was put with, and without one if there was none."""
        of_object = self.put_headers.get(request.key, {}).get(CUSTOMER_KEY + "key-md5")
        given = request.headers.get(CUSTOMER_KEY + "key-md5")
        if of_object and not given:
            raise Refused(400, "InvalidRequest", "The object was stored using a form of Server Side Encryption. "
                          "The correct parameters must be provided to retrieve the object.")
        if given and not of_object:
            raise Refused(400, "InvalidRequest", "The encryption parameters are not applicable to this object.")
        if given != of_object:
            raise Refused(403, "AccessDenied", "Access Denied")

    def put_object(self, request):
        return Reply(headers={"ETag": self.keep(request, request.body, request.headers)})

    def read_object(self, request):
        path = self.path(request.key)
        if not path.exists():
            self.missing(request.key)
        self.check_customer_key(request)
        if request.key in self.archived and request.method == "GET" and not self.has_copy(request.key):
            raise Refused(403, "InvalidObjectState", "The operation is not valid for the object's storage class",
                          StorageClass=self.archive_class)
        body = path.read_bytes()
        etag = etag_of(body)
        if request.headers.get("if-match", etag) != etag:
            raise Refused(412, "PreconditionFailed", "the object is another one by now")
        headers = {"ETag": etag, "Last-Modified": formatdate(path.stat().st_mtime, usegmt=True),
                   "Content-Type": "application/octet-stream", **self.archive_headers(request.key)}
        wanted = request.headers.get("range")
        if wanted is None:
            return Reply(200, body, headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if first == "":
            first, last = max(0, len(body) - int(last)), ""
        first, last = int(first), min(int(last or len(body) - 1), len(body) - 1)
        if first >= len(body):
            raise Refused(416, "InvalidRange", "The requested range is not satisfiable")
        return Reply(206, body[first:last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"})

    def has_copy(self, key):
        ready, end = self.thawing.get(key, (None, None))
        return ready is not None and ready <= time.monotonic() and time.time() < end

    def is_thawing(self, key):
        return key in self.thawing and self.thawing[key][0] > time.monotonic()

    def archive_headers(self, key):
        if key not in self.archived:
            return {}
        headers = {"x-amz-storage-class": self.archive_class}
        if self.is_thawing(key):
            headers["x-amz-restore"] = 'ongoing-request="true"'
        elif self.has_copy(key):
            headers["x-amz-restore"] = f'ongoing-request="false", expiry-date="{formatdate(self.thawing[key][1], usegmt=True)}"'
        return headers

    def restore_object(self, request):
        """RestoreObject: 202, or 200 if the copy is there."""
        if not self.may_thaw:
            raise Refused(403, "AccessDenied", "Access Denied")
        if not self.path(request.key).exists():
            self.missing()
        try:
            root = ElementTree.fromstring(request.body)
            days, tier = int(root.findtext(f"{{{XMLNS}}}Days")), root.findtext(f"{{{XMLNS}}}GlacierJobParameters/{{{XMLNS}}}Tier")
        except (ElementTree.ParseError, TypeError, ValueError):
            raise Refused(400, "MalformedXML", "The XML you provided was not well-formed") from None
        if tier not in ("Standard", "Bulk", "Expedited") or days < 1 or (tier == "Expedited" and self.archive_class == "DEEP_ARCHIVE"):
            raise Refused(400, "InvalidArgument", "Retrieval option is not supported by this storage class")
        if request.key not in self.archived:
            raise Refused(403, "InvalidObjectState", "Restore is not allowed for the object's current storage class")
        with self.lock:
            if self.is_thawing(request.key):
                raise Refused(409, "RestoreAlreadyInProgress", "Object restore is already in progress")
            there = self.has_copy(request.key)
            self.thawing[request.key] = (time.monotonic() + (0 if there else self.thaw_s), time.time() + days * 86400)
            self.thaws.append((request.key, tier, days))
        return Reply(200 if there else 202)

    def delete_object(self, request):
        if request.key in self.kept:
            raise Refused(403, "AccessDenied", "Access Denied")
        self.remove(request.key)
        return Reply(204)

    def remove(self, key):
        self.path(key).unlink(missing_ok=True)
        if self.versioned:
            self.markers.add(key)

    def delete_objects(self, request):
        if "content-md5" not in request.headers and "x-amz-checksum-sha256" not in request.headers:
            raise Refused(400, "InvalidRequest", "Missing required header for this request: Content-MD5")
        quiet, keys = named_keys(request.body)
        answers = []
        for key in keys:
            if key in self.kept:
                answers.append("<Error>" + tag("Key", key) + tag("Code", "AccessDenied") + tag("Message", "Access Denied") + "</Error>")
                continue
            self.remove(key)
            if not quiet:
                answers.append("<Deleted>" + tag("Key", key) + "</Deleted>")
        return xml("DeleteResult", *answers)

    def list_objects(self, request):
        if not self.list_permission:
            raise Refused(403, "AccessDenied", "Access Denied")
        delimiter = request.query.get("delimiter", "")
        if request.query.get("list-type") != "2" or delimiter not in ("", "/"):
            raise Refused(501, "NotImplemented", "only ListObjectsV2, with / as a delimiter")
        prefix, most = request.query.get("prefix", ""), int(request.query.get("max-keys") or 1000)
        encoded = request.query.get("encoding-type") == "url"
        after = request.query.get("continuation-token") or request.query.get("start-after") or ""
        keys = [key for key in self.keys() if key.startswith(prefix)]
        if delimiter:  # rolled up, a directory ends in it
            keys = sorted({key[:end + 1] if (end := key.find(delimiter, len(prefix))) >= 0 else key for key in keys})
        keys = [key for key in keys if key > after]
        page = keys[:most]
        more = [tag("NextContinuationToken", page[-1])] if len(keys) > most else []
        return xml("ListBucketResult", tag("Name", self.name), tag("Prefix", encoded_key(prefix) if encoded else prefix),
                   tag("KeyCount", len(page)), tag("MaxKeys", most), tag("IsTruncated", str(bool(more)).lower()),
                   *([tag("EncodingType", "url")] if encoded else []), *more, *(self.entry(key, encoded, self.tells_restored and "RestoreStatus" in request.headers.get("x-amz-optional-object-attributes", ""))
                     for key in page))

    def entry(self, key, encoded, restored=False):
        if not self.path(key).exists():
            return f"<CommonPrefixes>{tag('Prefix', encoded_key(key) if encoded else key)}</CommonPrefixes>"
        info = self.path(key).stat()
        modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(info.st_mtime))
        return "<Contents>{}</Contents>".format(tag("Key", encoded_key(key) if encoded else key) +
                                                tag("LastModified", modified) + tag("Size", info.st_size) +
                                                tag("StorageClass", self.archive_class if key in self.archived else "STANDARD") +
                                                (self.restore_status(key) if restored else ""))

    def restore_status(self, key):
        if key not in self.archived or not (self.is_thawing(key) or self.has_copy(key)):
            return ""
        end = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.thawing[key][1]))
        return "<RestoreStatus>{}</RestoreStatus>".format(
            tag("IsRestoreInProgress", "true") if self.is_thawing(key) else tag("IsRestoreInProgress", "false") + tag("RestoreExpiryDate", end))

    def head_bucket(self, _):
        return Reply(200)

    def begin_upload(self, request):
        upload = hashlib.sha256(f"{request.key}{time.monotonic_ns()}".encode()).hexdigest()
        with self.lock:
            self.uploads[upload] = (request.key, {}, request.headers)
            self.begun[upload] = time.time()
        return xml("InitiateMultipartUploadResult", tag("Bucket", self.name), tag("Key", request.key), tag("UploadId", upload))

    def list_uploads(self, request):
        """Sorted by key and id; a page goes on behind its last one."""
        if not self.list_uploads_permission:
            raise Refused(403, "AccessDenied", "Access Denied")
        prefix, most = request.query.get("prefix", ""), int(request.query.get("max-uploads") or 1000)
        encoded = request.query.get("encoding-type") == "url"
        after = (request.query.get("key-marker", ""), request.query.get("upload-id-marker", ""))
        found = sorted((key, upload) for upload, (key, _, _) in self.uploads.items() if key.startswith(prefix) and (key, upload) > after)
        page = found[:min(most, self.uploads_page)]
        name = encoded_key if encoded else str
        more = [tag("NextKeyMarker", name(page[-1][0])), tag("NextUploadIdMarker", page[-1][1])] if len(found) > len(page) else []
        begun = {upload: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.begun.get(upload, time.time()))) for _, upload in page}
        return xml("ListMultipartUploadsResult", tag("Bucket", self.name), tag("Prefix", name(prefix)), tag("MaxUploads", most),
                   tag("IsTruncated", str(bool(more)).lower()), *([tag("EncodingType", "url")] if encoded else []), *more,
                   *("<Upload>" + tag("Key", name(key)) + tag("UploadId", upload) + tag("Initiated", begun[upload]) + "</Upload>" for key, upload in page))

    def upload(self, request):
        found = self.uploads.get(request.query["uploadId"])
        if found is None or found[0] != request.key:
            raise Refused(404, "NoSuchUpload", "The specified multipart upload does not exist.")
        return found

    def put_part(self, request):
        _, parts, begun = self.upload(request)
        if request.headers.get(CUSTOMER_KEY + "key-md5") != begun.get(CUSTOMER_KEY + "key-md5"):
            raise Refused(400, "InvalidRequest", "The multipart upload initiate requested encryption. "
                          "Subsequent part requests must include the appropriate encryption parameters.")
        number = int(request.query["partNumber"])
        path = self.directory.parent / f"{request.query['uploadId']}.{number}"
        path.write_bytes(request.body)
        parts[number] = path
        return Reply(headers={"ETag": etag_of(request.body)})

    def complete_upload(self, request):
        _, parts, headers = self.upload(request)
        there = {number: path.read_bytes() for number, path in sorted(parts.items())}
        if named_parts(request.body) != [(number, etag_of(body)) for number, body in there.items()]:
            raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found.")
        if any(len(body) < PART_MIN for body in list(there.values())[:-1]):
            raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        self.keep(request, b"".join(there.values()), headers)
        self.end_upload(request)
        return xml("CompleteMultipartUploadResult", tag("Key", request.key), tag("ETag", f'"x-{len(there)}"'))

    def end_upload(self, request):
        with self.lock:
            _, parts, _ = self.uploads.pop(request.query["uploadId"], (None, {}, None))
        for path in parts.values():
            path.unlink()

    def abort_upload(self, request):
        if not self.abort_permission:
            raise Refused(403, "AccessDenied", "Access Denied")
        self.upload(request)
        self.end_upload(request)
        return Reply(204)

    def carry_out(self, request):
        """The operation that method and query ask for."""
        if request.bucket != self.name:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        upload = "uploadId" in request.query
        if request.method == "POST" and request.key and "restore" in request.query:
            return self.restore_object(request)
        operations = {
            ("PUT", False): self.put_object, ("PUT", True): self.put_part,
            ("GET", False): self.read_object if request.key else self.list_uploads if "uploads" in request.query else self.list_objects, ("HEAD", False): self.read_object if request.key else self.head_bucket,
            ("DELETE", False): self.delete_object, ("DELETE", True): self.abort_upload,
            ("POST", True): self.complete_upload, ("POST", False): self.begin_upload if request.key else self.delete_objects,
        }
        operation = operations.get((request.method, upload))
        asked = {self.begin_upload: "uploads", self.delete_objects: "delete"}.get(operation)
        if operation is None or (asked and asked not in request.query):
            raise Refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        return operation(request)
