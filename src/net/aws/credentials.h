/* Who signs the requests. */
#ifndef WALSHIP_NET_AWS_CREDENTIALS_H
#define WALSHIP_NET_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "sys/secret.h"
#include "walship/error.h"

#define CREDENTIALS_SOURCE_MAX 512

struct credentials {
	struct secret access_key;
	struct secret secret_key;
	struct secret session_token;         /* empty unless they are temporary */
	int64_t expires_s;                   /* UTC; 0: they do not */
	bool renewable;                      /* their source may have others by now */
	char source[CREDENTIALS_SOURCE_MAX]; /* where they were found, for people; holds no secret */
};

/* Takes copies. session_token may be NULL. STATUS_USAGE when one holds what a header cannot (a space, a newline). */
enum status credentials_static(struct credentials *out, const struct secret *access_key,
			       const struct secret *secret_key, const struct secret *session_token, const char *source,
			       struct error *err);

/* A copy of one's own, for another thread. */
enum status credentials_copy(struct credentials *out, const struct credentials *from, struct error *err);

/* Whether a source has filled them. */
bool credentials_present(const struct credentials *credentials);

/* Wipes all and leaves the zero state. */
void credentials_fini(struct credentials *credentials);

/* What the search for credentials may look at. */
struct credential_search {
	const struct call *call;
	const char *const *environment; /* "NAME=value" strings, then NULL */
	const char *region;             /* of STS */
	const char *spool;              /* where temporary ones are kept between calls: as for spool_prepare */
	enum secret_files secret_files; /* whose files of AWS's tools are taken */
	bool renew;                     /* the store refused those that are kept: ask their source */
};

/*
 * AWS's sources, in the order that AWS's own tools have: the environment, the profile of the shared files, web
 * identity, the container's endpoint, the instance's metadata service (AWS SDKs and Tools reference guide,
 * "Standardized credential providers"). The first that is configured decides.
 *
 * STATUS_USAGE: none is configured, or one is and cannot be used; STATUS_UNREACHABLE: one of them gives no answer.
 */
enum status credentials_find(const struct credential_search *search, struct credentials *out, struct error *err);

#endif
