"""What an S3 server never does and another program in its place may: listings and bodies that are wrong in themselves.

Each is a function of the exchange and of the right answer, as the late faults in strict_s3_faults.py are.
"""

import re
import time

from .strict_s3_bucket import Reply
from .strict_s3_faults import Lost

ENTRY = re.compile(rb"<Contents>.*?</Contents>", re.S)
PIECE = 1 << 16
MANY = 100_000  # entries; S3 has 1000 at most


def replaced(pattern, by, count=0):
    """Of a listing, what matches."""
    def late(_exchange, reply):
        reply.body = re.sub(pattern, by, reply.body, count=count, flags=re.S)
        return reply
    return {"late": late}


def of_entries(change):
    """Other entries in a listing, made of the right ones."""
    def late(_exchange, reply):
        entries = ENTRY.findall(reply.body)
        if entries:
            before, _, rest = reply.body.partition(entries[0])
            reply.body = before + b"".join(change(entries)) + rest[rest.rindex(b"</Contents>") + 11 if len(entries) > 1 else 0:]
        return reply
    return {"late": late}


def many(entries):
    return [entries[0].replace(b"</Key>", b"%%2F%08d</Key>" % number) for number in range(MANY)]


def cut_before_the_first_key(_exchange, reply):
    reply.body = reply.body.partition(b"<Contents>")[0]
    return reply


def another_body(body):
    return {"late": lambda _exchange, _reply: Reply(200, body, {"Content-Type": "application/xml"})}


def goes_on(token, *, empty=False):
    """There is always another page; that token leads to the first one again."""
    def late(_exchange, reply):
        more = b"<IsTruncated>true</IsTruncated>" + (b"<NextContinuationToken>%s</NextContinuationToken>" % token if token else b"")
        reply.body = re.sub(rb"<NextContinuationToken>.*?</NextContinuationToken>", b"", reply.body)
        reply.body = reply.body.replace(b"<IsTruncated>false</IsTruncated>", more).replace(b"<IsTruncated>true</IsTruncated>", more, 1)
        if empty:
            reply.body = ENTRY.sub(b"", reply.body)
        return reply
    return {"late": late}


def head(exchange, *lines):
    exchange.put(b"HTTP/1.1 200 OK\r\nETag: \"x\"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")


def endless(first, piece):
    """As fast as the client takes it, in chunks: no length says where it ends."""
    def late(exchange, _reply):
        head(exchange, b"Transfer-Encoding: chunked")
        chunk = b"%X\r\n%s\r\n" % (len(piece), piece)
        exchange.put(b"%X\r\n%s\r\n" % (len(first), first))
        while True:
            exchange.put(chunk)
    return {"late": late}


def drips(exchange, reply):
    """The head at once, of the body a byte now and then."""
    head(exchange, b"Content-Length: %d" % len(reply.body))
    for byte in reply.body:
        exchange.put(bytes([byte]))
        time.sleep(0.2)
    raise Lost


def whole_object(exchange, reply):
    """As a server that does not know ranges."""
    if reply.status == 206:
        reply = Reply(200, exchange.server.bucket.get(exchange.request.key), {"ETag": reply.headers["ETag"]})
    return reply


def other_range(text):
    def late(_exchange, reply):
        if "Content-Range" in reply.headers:
            reply.headers["Content-Range"] = text
        return reply
    return {"late": late}


KEY, SIZE, DATE = (rb"<%s>.*?</%s>" % (tag, tag) for tag in (b"Key", b"Size", b"LastModified"))
ROOT = b'<?xml version="1.0"?>'

LISTINGS = {
    "listing cut before its first key": {"late": cut_before_the_first_key},
    "another root": another_body(ROOT + b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"),
    "an empty root": another_body(ROOT + b"<ListBucketResult/>"),
    "a document type": another_body(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><ListBucketResult>&b;</ListBucketResult>'),
    "too deep": another_body(ROOT + b"<ListBucketResult>" + b"<a>" * 1000),
    "endless XML": endless(b"<ListBucketResult>", b"<a>b</a>" * 8192),
    "endless blanks": endless(b" ", b" " * PIECE),
    "endless text": endless(b"<ListBucketResult><Prefix>", b"b" * PIECE),
    "the same page for ever": goes_on(b"0"),
    "empty pages for ever": goes_on(b"0", empty=True),
    "truncated, without a token": goes_on(None),
    "a token too long": goes_on(b"0" * 5000),
    "IsTruncated is missing": replaced(rb"<IsTruncated>.*?</IsTruncated>", b""),
    "IsTruncated is no bool": replaced(rb"<IsTruncated>.*?</IsTruncated>", b"<IsTruncated>maybe</IsTruncated>"),
    "far too many keys in a page": of_entries(many),
    "a key of 1 MB": replaced(KEY, b"<Key>pre/" + b"k" * (1 << 20) + b"</Key>", 1),
    "a key of 1025 bytes": replaced(KEY, b"<Key>pre/" + b"k" * 1021 + b"</Key>", 1),
    "a key outside the prefix": replaced(KEY, b"<Key>other</Key>", 1),
    "an empty key": replaced(KEY, b"<Key></Key>", 1),
    "a key not encoded as asked": replaced(KEY, b"<Key>pre/%zz</Key>", 1),
    "a key with a zero byte": replaced(KEY, b"<Key>pre/%00</Key>", 1),
    "another encoding": replaced(rb"<EncodingType>.*?</EncodingType>", b"<EncodingType>rot13</EncodingType>"),
    "keys in another order": of_entries(lambda entries: entries[::-1] if len(entries) > 1 else entries * 2),
    "a key twice": of_entries(lambda entries: entries[:1] + entries),
    "an entry without a key": replaced(KEY, b"", 1),
    "an entry without a size": replaced(SIZE, b"", 1),
    "a negative size": replaced(SIZE, b"<Size>-1</Size>", 1),
    "a size of 2^64 - 1": replaced(SIZE, b"<Size>18446744073709551615</Size>", 1),
    "a size of 2^64": replaced(SIZE, b"<Size>18446744073709551616</Size>", 1),
    "an entry without a date": replaced(DATE, b"", 1),
    "a date that is none": replaced(DATE, b"<LastModified>yesterday</LastModified>", 1),
}

BODIES = {
    "range ignored": {"late": whole_object},
    "another range": other_range("bytes 1-64/1000"),
    "a range of another unit": other_range("lines 0-63/1000"),
    "a range beyond the length": other_range("bytes 0-63/5"),
    "endless body": endless(b"WALSHIP\x02\x01\x01", b"\x00" * PIECE),
    "body drips": {"late": drips},
    "neither length nor chunks": {"late": lambda exchange, reply: (head(exchange, b"Connection: close"), exchange.put(reply.body), lost())},
}


def lost():
    raise Lost(reset=False)


LIES = {**LISTINGS, **BODIES}
