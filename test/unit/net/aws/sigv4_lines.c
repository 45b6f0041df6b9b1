/*
 * Signs the requests on standard input, for sigv4_botocore.py. A request is lines of "name hex-of-value", ended by an
 * empty line; the answer is one line: target, a tab, Authorization.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/aws/sigv4.h"
#include "text/hex.h"

#define LINE_MAX_BYTES (64 * 1024)
#define VALUES_MAX 128

static char line[LINE_MAX_BYTES];
static char values[VALUES_MAX][8192];
static struct field query[SIGV4_QUERY_MAX];
static struct field headers[SIGV4_HEADERS_MAX];

static void fail(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	exit(1);
}

static void sign(const struct sigv4_request *request)
{
	struct sigv4_signature signature;
	struct error err;
	if (sigv4_sign(request, &signature, &err))
		fail(err.text);
	(void)printf("%s\t%s\n", signature.target, signature.authorization);
}

int main(void)
{
	struct credentials credentials = {0};
	struct sigv4_request request = {
	    .service = "s3", .query = query, .headers = headers, .credentials = &credentials};
	size_t used = 0;
	while (fgets(line, sizeof line, stdin) != NULL) {
		char *digits = strchr(line, ' ');
		if (digits == NULL) {
			sign(&request);
			used = 0;
			request.query_count = request.header_count = 0;
			credentials = (struct credentials){0};
			continue;
		}
		*digits++ = '\0';
		size_t len = strcspn(digits, "\n") / 2;
		char *value = values[used++];
		if (used == VALUES_MAX || len >= sizeof values[0] || !hex_decode((uint8_t *)value, digits, len))
			fail("a value that cannot be read");
		value[len] = '\0';
		const struct {
			const char *name;
			const char **text;
			struct secret *secret;
		} fields[] = {
		    {"method", &request.method, NULL},
		    {"host", &request.host, NULL},
		    {"path", &request.path, NULL},
		    {"sha256", &request.payload_sha256, NULL},
		    {"region", &request.region, NULL},
		    {"query-name", &query[request.query_count].name, NULL},
		    {"query-value", &query[request.query_count].value, NULL},
		    {"header-name", &headers[request.header_count].name, NULL},
		    {"header-value", &headers[request.header_count].value, NULL},
		    {"key", NULL, &credentials.access_key},
		    {"secret", NULL, &credentials.secret_key},
		    {"token", NULL, &credentials.session_token},
		};
		for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
			if (strcmp(line, fields[i].name) != 0)
				continue;
			if (fields[i].text != NULL)
				*fields[i].text = value;
			else
				*fields[i].secret = (struct secret){value, len};
		}
		request.now_s = strcmp(line, "now") == 0 ? strtoll(value, NULL, 10) : request.now_s;
		request.query_count += strcmp(line, "query-value") == 0;
		request.header_count += strcmp(line, "header-value") == 0;
	}
	return 0;
}
