/*
 * Which repository a configuration is of, and which keys it has, as text: what is kept in the spool under one identity
 * is never used under another one.
 */
#ifndef WALSHIP_REPO_IDENTITY_H
#define WALSHIP_REPO_IDENTITY_H

#include <stddef.h>

#include "base/uri.h"
#include "repo/settings.h"

#define IDENTITY_MAX (4 * URI_PATH_MAX) /* a repository, an endpoint, a region, and KEYRING_MAX key files in turn */

/* Of the keys: none, the one that encrypts, or all that may have been needed to decrypt. */
enum identity_keys { IDENTITY_NO_KEYS, IDENTITY_FIRST_KEY, IDENTITY_ALL_KEYS };

/*
 * Lines of text. Key files have their inode and the time of its last change beside their path, where another key may
 * be now: ask before they are read. Key commands have their line, and are not run. STATUS_LOCAL names the options that
 * make it too long.
 */
enum status identity_text(const struct repository_settings *settings, enum identity_keys keys, char out[IDENTITY_MAX],
			  struct error *err);

#endif
