/* Who signs the requests. */
#ifndef WALSHIP_NET_CREDENTIALS_H
#define WALSHIP_NET_CREDENTIALS_H

#include <stdbool.h>

#include "base/secret.h"
#include "walship/error.h"

#define CREDENTIALS_SOURCE_MAX 256

struct credentials {
	struct secret access_key;
	struct secret secret_key;
	struct secret session_token;         /* empty unless they are temporary */
	char source[CREDENTIALS_SOURCE_MAX]; /* where they were found, for people; holds no secret */
};

/* Takes copies. session_token may be NULL. STATUS_USAGE when one holds what a header cannot (a space, a newline). */
enum status credentials_static(struct credentials *out, const struct secret *access_key,
			       const struct secret *secret_key, const struct secret *session_token, const char *source,
			       struct error *err);

/*
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of environment ("NAME=value" strings, then NULL).
 * Neither of the first two there: STATUS_OK, and *out stays as it was. Only one of them: STATUS_USAGE.
 */
enum status credentials_from_environment(struct credentials *out, const char *const *environment, struct error *err);

/* Whether a source has filled them. */
bool credentials_present(const struct credentials *credentials);

/* Wipes all and leaves the zero state. */
void credentials_fini(struct credentials *credentials);

#endif
