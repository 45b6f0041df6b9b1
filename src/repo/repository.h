/* What the settings describe, opened: the store and the keys. */
#ifndef WALSHIP_REPO_REPOSITORY_H
#define WALSHIP_REPO_REPOSITORY_H

#include <stdbool.h>

#include "net/aws/credentials.h"
#include "format/keyring.h"
#include "repo/settings.h"
#include "store/store.h"

struct repository {
	struct store *store;
	struct keyring keys;
	bool encrypt;                               /* cipher is not none */
	const struct repository_settings *settings; /* by which it was opened; they outlive it */
	struct credentials credentials;
	struct credential_search search;
};

/* STATUS_USAGE when a key or a credential is missing or may not be used. Nothing is sent yet. */
enum status repository_open(struct repository *repo, const struct repository_settings *settings,
			    const struct call *call, struct error *err);

/*
 * Another connection to the same store, for another thread, with copies of other's keys and credentials. Called by the
 * thread that has other.
 */
enum status repository_join(struct repository *repo, const struct repository *other, struct error *err);

/* Whether the repository is in S3 and libs3 the client, which can do no more than look first. */
bool repository_uses_libs3(const struct repository_settings *settings);

/* Wipes keys and credentials; the zero state may be given too. */
void repository_fini(struct repository *repo);

#endif
