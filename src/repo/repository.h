/* What the configuration describes, opened: the store and the keys. */
#ifndef WALSHIP_REPO_REPOSITORY_H
#define WALSHIP_REPO_REPOSITORY_H

#include <stdbool.h>

#include "command/command.h"
#include "net/aws/credentials.h"
#include "repo/keyring.h"
#include "store/store.h"

struct repository {
	struct store *store;
	struct keyring keys;
	bool encrypt; /* cipher is not none */
	struct credentials credentials;
	struct credential_search search;
};

/* STATUS_USAGE when a key or a credential is missing or may not be used. Nothing is sent yet. */
enum status repository_open(struct repository *repo, const struct command_context *context, struct error *err);

/*
 * Another connection to the same store, for another thread, with copies of other's keys and credentials. Called by the
 * thread that has other.
 */
enum status repository_join(struct repository *repo, const struct repository *other,
			    const struct command_context *context, struct error *err);

/* The S3 credentials that config describes, or that AWS's sources give; search is filled for asking them again. */
enum status s3_credentials_find(const struct command_context *context, struct credential_search *search,
				struct credentials *out, struct error *err);

/* Whether objects are looked for before they are put, as the store's own condition is not enough. */
bool repository_looks_first(const struct config *config);

/* Whether the repository is in S3 and libs3 the client, which can do no more than look first. */
bool repository_uses_libs3(const struct config *config);

/* Wipes keys and credentials; the zero state may be given too. */
void repository_fini(struct repository *repo);

#endif
