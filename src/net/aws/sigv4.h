/*
 * AWS Signature Version 4 for S3 as a pure function: no clock, no environment, no network.
 *
 * Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header" (sig-v4-header-based-auth): the
 * path is encoded once and not normalized; the query is sorted by encoded name, then value, with '=' after a name
 * without value; host and every x-amz-* header are signed.
 */
#ifndef WALSHIP_NET_AWS_SIGV4_H
#define WALSHIP_NET_AWS_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "net/aws/credentials.h"
#include "net/http/field.h"
#include "walship/error.h"

#define SIGV4_QUERY_MAX 16           /* ListObjectsV2, the longest query in use, has 5 parameters */
#define SIGV4_HEADERS_MAX 32         /* a PutObject with every option has about 15 */
#define SIGV4_TARGET_MAX 8192        /* servers' limit of a request line (nginx, Apache: 8 KiB) */
#define SIGV4_AUTHORIZATION_MAX 4096 /* the names of all headers, and the scope */
#define SIGV4_SECRET_MAX 1024        /* AWS's secret keys have 40 characters */
#define SIGV4_DATE_SIZE 17           /* 20130524T000000Z and the 0 byte */
#define SHA256_HEX_SIZE 65           /* 64 digits and the 0 byte */

struct sigv4_request {
	const char *method;
	const char *host;          /* as sent: with the port unless it is the scheme's default */
	const char *path;          /* not encoded; begins with '/' */
	const struct field *query; /* not encoded; a value may be "" */
	size_t query_count;
	const struct field *headers; /* to sign, each once, lowercase names; without the signer's own: */
	size_t header_count;         /* host, x-amz-content-sha256, x-amz-date, x-amz-security-token */
	const char *payload_sha256;  /* of the body: 64 hexadecimal digits */
	const char *region;
	const char *service;
	const struct credentials *credentials;
	int64_t now_s; /* UTC */
};

/* Parts of the signed request, to send unchanged. */
struct sigv4_signature {
	char target[SIGV4_TARGET_MAX]; /* encoded path, then '?' and the query if there is one */
	char date[SIGV4_DATE_SIZE];    /* x-amz-date */
	char authorization[SIGV4_AUTHORIZATION_MAX];
};

/* Signs the request. STATUS_USAGE when it exceeds a limit above, STATUS_LOCAL when libcrypto fails. */
enum status sigv4_sign(const struct sigv4_request *request, struct sigv4_signature *out, struct error *err);

#endif
