/* The credentials that sign requests, and the search for them. */
#ifndef WALSHIP_NET_AWS_CREDENTIALS_H
#define WALSHIP_NET_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "net/aws/partition.h"
#include "sys/secret.h"
#include "walship/error.h"

#define CREDENTIALS_SOURCE_MAX 512

struct credentials {
	struct secret access_key;
	struct secret secret_key;
	struct secret session_token;         /* empty unless the credentials are temporary */
	int64_t expires_s;                   /* UTC; 0: they do not expire */
	bool renewable;                      /* the source may provide new ones */
	char source[CREDENTIALS_SOURCE_MAX]; /* where they come from, for messages; no secret */
};

/*
 * Copies the values. session_token may be NULL. STATUS_USAGE when a value has a character that a header cannot have (a
 * blank, a newline).
 */
enum status credentials_static(struct credentials *out, const struct secret *access_key,
			       const struct secret *secret_key, const struct secret *session_token, const char *source,
			       struct error *err);

/* Makes a copy for another thread. */
enum status credentials_copy(struct credentials *out, const struct credentials *from, struct error *err);

/* Whether both keys are set. */
bool credentials_present(const struct credentials *credentials);

/* Wipes all values and leaves the zero state. */
void credentials_fini(struct credentials *credentials);

/* The inputs of the search for credentials. */
struct credential_search {
	const struct call *call;
	const char *const *environment; /* "NAME=value" strings, then NULL */
	const char *region;             /* region of STS */
	const char *proxy;              /* as in net/http/http.h, likewise the next one */
	const char *proxy_ca_file;
	const char *spool;              /* cache of temporary credentials between calls; as for spool_prepare */
	enum secret_files secret_files; /* which files of AWS's tools are accepted */
	bool renew;                     /* the store refused the cached ones: request new ones */
};

/*
 * Searches AWS's sources in the order of AWS's tools: the environment, the profile of the shared files, web identity,
 * the container endpoint, the instance metadata service (AWS SDKs and Tools reference guide, "Standardized credential
 * providers"). The first configured source decides.
 *
 * STATUS_USAGE: no source is configured, or the configured one cannot be used. STATUS_UNREACHABLE: it does not answer.
 */
enum status credentials_find(const struct credential_search *search, struct credentials *out, struct error *err);

#define AWS_PROFILE_SOURCE_MAX 128

/*
 * Gets the region of the profile in AWS's shared files, and a name of the source for messages. False when they have
 * none or cannot be read: then the search for credentials says why, if it needs them.
 */
bool credentials_profile_region(const char *const *environment, char region[AWS_REGION_MAX],
				char source[AWS_PROFILE_SOURCE_MAX]);

#endif
