/* The repository's keys, read from where the settings say that they are. */
#ifndef WALSHIP_REPO_KEY_LOAD_H
#define WALSHIP_REPO_KEY_LOAD_H

#include "repo/settings.h"

/* Reads one key, from a file or from a command, and puts it into the ring. */
enum status key_load(const struct secret_source *source, const struct secret_reader *reader, const struct call *call,
		     struct keyring *ring, struct error *err);

/* All keys of the settings, in their order. STATUS_USAGE when objects are to be encrypted and there is no key. */
enum status keys_load(const struct repository_settings *settings, const struct call *call, struct keyring *ring,
		      struct error *err);

#endif
