/* A key that the store encrypts objects with and does not keep: SSE-C. Private to the S3 store. */
#ifndef WALSHIP_STORE_S3_S3_CUSTOMER_KEY_H
#define WALSHIP_STORE_S3_S3_CUSTOMER_KEY_H

#include "net/http/field.h"
#include "store/s3/s3.h"

#define S3_CUSTOMER_KEY_BYTES 32 /* AES-256 */
#define S3_CUSTOMER_KEY_HEADERS 3

struct s3_customer_key {
	char key[45]; /* base64, likewise below */
	char md5[25];
};

/*
 * Reads options->customer_key, 32 bytes or their base64 form; without one *out is NULL. STATUS_USAGE: the key has
 * another length, or would travel without TLS. STATUS_LOCAL: the crypto policy of this machine forbids MD5.
 */
enum status s3_customer_key_new(struct s3_customer_key **out, const struct s3_options *options, struct error *err);

/* The headers of every request for an object but its removal. They point into key. */
void s3_customer_key_headers(const struct s3_customer_key *key, struct field out[S3_CUSTOMER_KEY_HEADERS]);

/* Wipes it. */
void s3_customer_key_free(struct s3_customer_key *key);

#endif
