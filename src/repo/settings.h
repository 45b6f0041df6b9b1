/* The settings of a repository: plain values, which command/options/settings.h resolves from the configuration. */
#ifndef WALSHIP_REPO_SETTINGS_H
#define WALSHIP_REPO_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "format/keyring.h"
#include "repo/secret_source.h"
#include "store/s3/s3.h"

/*
 * Every string belongs to the configuration or the environment, which must outlive the settings. The zero state cannot
 * be opened.
 */
struct repository_settings {
	const char *url; /* as for repo_url_parse */
	bool encrypt;    /* false: write unprotected objects, and accept them */
	/* In order; the first key encrypts. Room for one more than a keyring holds, so that the keyring reports that.
	 */
	struct secret_source keys[KEYRING_MAX + 1];
	size_t key_count;
	const char *no_key_hint; /* the hint when no key is configured */
	struct secret_reader reader;
	const char *spool; /* directory of the credential cache, as for spool_prepare */
	/* For s3://. The repository fills in bucket, prefix, credentials and renewal. */
	struct s3_options s3;
	bool test_condition; /* s3-no-replace = auto */
	bool use_libs3;      /* s3-client = libs3 */
	struct secret_source s3_key, s3_key_secret;
	const char *s3_customer_key_file; /* NULL: none */
};

#endif
