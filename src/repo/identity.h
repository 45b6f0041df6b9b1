/*
 * Identifies a repository and its keys, as text. Spool files record this identity and are never used under another one.
 */
#ifndef WALSHIP_REPO_IDENTITY_H
#define WALSHIP_REPO_IDENTITY_H

#include <stddef.h>

#include "repo/settings.h"
#include "text/uri.h"

#define IDENTITY_MAX (4 * URI_PATH_MAX) /* a repository, an endpoint, a region, and many key files */

/* Which keys to include: none, the encryption key, or all keys that may have decrypted something. */
enum identity_keys { IDENTITY_NO_KEYS, IDENTITY_FIRST_KEY, IDENTITY_ALL_KEYS };

/*
 * Writes the identity as lines of text. A key file is represented by its path, inode and change time, because another
 * key may replace it; call this before the file is read. A key command is represented by its command line and is not
 * run. STATUS_LOCAL: the text is too long; the error names the options.
 */
enum status identity_text(const struct repository_settings *settings, enum identity_keys keys, char out[IDENTITY_MAX],
			  struct error *err);

#endif
