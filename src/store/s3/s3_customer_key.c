/* Amazon S3 user guide, "Using server-side encryption with customer-provided keys (SSE-C)". */
#include "store/s3/s3_customer_key.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sys/libcrypto.h"

#define BASE64_LEN 44

/* *raw receives the key. False: it is neither 32 bytes nor their base64 form, with a newline or without. */
static bool decode(const struct secret *given, struct s3_customer_key *key, uint8_t raw[BASE64_LEN])
{
	size_t len = given->len;
	unsigned char *text = (unsigned char *)key->key;
	if (len == S3_CUSTOMER_KEY_BYTES) {
		memcpy(raw, given->data, len);
		return libcrypto.EVP_EncodeBlock(text, raw, S3_CUSTOMER_KEY_BYTES) == BASE64_LEN;
	}
	while (len > 0 && (given->data[len - 1] == '\n' || given->data[len - 1] == '\r'))
		len--;
	/* A decoder may be generous: what it has read must be written the same way. */
	return len == BASE64_LEN &&
	       libcrypto.EVP_DecodeBlock(raw, (const unsigned char *)given->data, BASE64_LEN) > 0 &&
	       libcrypto.EVP_EncodeBlock(text, raw, S3_CUSTOMER_KEY_BYTES) == BASE64_LEN &&
	       memcmp(key->key, given->data, BASE64_LEN) == 0;
}

static enum status fill(struct s3_customer_key *key, const struct secret *given, struct error *err)
{
	uint8_t raw[BASE64_LEN] = {0};
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	enum status st = STATUS_OK;
	if (!decode(given, key, raw))
		st = error_hint(
		    err, error_set(err, STATUS_USAGE, "s3-sse-customer-key-file does not hold a key of 32 bytes"),
		    "openssl rand -base64 32 > FILE makes one");
	else if (libcrypto.EVP_Digest(raw, S3_CUSTOMER_KEY_BYTES, digest, &len, libcrypto.EVP_md5(), NULL) != 1)
		st = error_set(err, STATUS_LOCAL,
			       "s3-sse-customer-key-file: libcrypto cannot compute MD5, which SSE-C requires");
	else
		(void)libcrypto.EVP_EncodeBlock((unsigned char *)key->md5, digest, (int)len);
	explicit_bzero(raw, sizeof raw);
	return st;
}

enum status s3_customer_key_new(struct s3_customer_key **out, const struct s3_options *options, struct error *err)
{
	*out = NULL;
	if (options->customer_key == NULL || options->customer_key->len == 0)
		return STATUS_OK;
	if (options->sse != NULL)
		return error_hint(err, error_set(err, STATUS_USAGE, "s3-sse-customer-key-file and s3-sse are both set"),
				  "remove one of the two");
	if (options->endpoint != NULL && strncmp(options->endpoint, "https://", 8) != 0)
		return error_hint(
		    err,
		    error_set(err, STATUS_USAGE, "s3-sse-customer-key-file is set, but s3-endpoint is not https://"),
		    "each request holds the key: use an endpoint with TLS");
	struct s3_customer_key *key = calloc(1, sizeof *key);
	if (key == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	enum status st = fill(key, options->customer_key, err);
	if (st) {
		s3_customer_key_free(key);
		return st;
	}
	*out = key;
	return STATUS_OK;
}

void s3_customer_key_headers(const struct s3_customer_key *key, struct field out[S3_CUSTOMER_KEY_HEADERS])
{
	out[0] = (struct field){"x-amz-server-side-encryption-customer-algorithm", "AES256"};
	out[1] = (struct field){"x-amz-server-side-encryption-customer-key", key->key};
	out[2] = (struct field){"x-amz-server-side-encryption-customer-key-md5", key->md5};
}

void s3_customer_key_free(struct s3_customer_key *key)
{
	if (key != NULL)
		explicit_bzero(key, sizeof *key);
	free(key);
}
