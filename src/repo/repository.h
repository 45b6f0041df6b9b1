/* An open repository: its store and its keys. */
#ifndef WALSHIP_REPO_REPOSITORY_H
#define WALSHIP_REPO_REPOSITORY_H

#include <stdbool.h>

#include "format/keyring.h"
#include "net/aws/credentials.h"
#include "repo/settings.h"
#include "store/store.h"

/* Takes the store of each connection to a repository, and gives another store in its place. */
struct repository_wrapper {
	/* The result owns inner. After a failure the caller still does. Called from the thread of the connection's
	 * owner. */
	enum status (*wrap)(void *arg, struct store *inner, struct store **out, struct error *err);
	void *arg;
};

struct repository {
	struct store *store;
	struct keyring keys;
	bool encrypt;                               /* cipher is not none */
	const struct repository_settings *settings; /* not owned; must outlive the repository */
	struct credentials credentials;
	struct credential_search search;
	const struct repository_wrapper *wrapper; /* NULL: none; not owned */
};

/*
 * Whether the URL is valid, and the path of each file with a secret absolute. Reads nothing. repository_open calls it
 * too. STATUS_USAGE otherwise.
 */
enum status repository_check_settings(const struct repository_settings *settings, struct error *err);

/* Loads the keys and opens the store; sends nothing yet. STATUS_USAGE: a key or credential is missing or not usable. */
enum status repository_open(struct repository *repo, const struct repository_settings *settings,
			    const struct call *call, struct error *err);

/*
 * Opens another connection to other's store for another thread, with copies of other's keys and credentials. Call it
 * from the thread that uses other.
 */
enum status repository_join(struct repository *repo, const struct repository *other, struct error *err);

/* Wraps the store of this connection, and of those that join it from now on. *wrapper must outlive them. */
enum status repository_wrap(struct repository *repo, const struct repository_wrapper *wrapper, struct error *err);

/* Whether the repository is in a bucket. False also if its URL is not valid, which repository_open reports. */
bool repository_in_s3(const struct repository_settings *settings);

/* Whether the store answers without round trips. */
bool repository_is_directory(const struct repository_settings *settings);

/* Closes the store and wipes keys and credentials. The zero state is allowed. */
void repository_fini(struct repository *repo);

#endif
