/* What a repository is opened by: plain values, resolved from the configuration by command/settings.h. */
#ifndef WALSHIP_REPO_SETTINGS_H
#define WALSHIP_REPO_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "format/keyring.h"
#include "repo/secret_source.h"
#include "store/s3/s3.h"

/*
 * Every text belongs to the configuration or to the environment, which outlive the settings. The zero state opens
 * nothing.
 */
struct repository_settings {
	const char *url; /* as repo_url_parse takes it */
	bool encrypt;    /* false: objects are neither encrypted nor authenticated, and such objects are accepted */
	/* In their order: the first key encrypts. One more than a keyring holds, so that its error is the keyring's. */
	struct secret_source keys[KEYRING_MAX + 1];
	size_t key_count;
	const char *no_key_hint; /* what to do when there is no key */
	struct secret_reader reader;
	const char *spool; /* where temporary credentials are cached: as for spool_prepare */
	/* For s3://. Bucket, prefix, credentials and their renewal are the repository's own, and left empty here. */
	struct s3_options s3;
	bool use_libs3; /* s3-client = libs3 */
	struct secret_source s3_key, s3_key_secret;
};

#endif
