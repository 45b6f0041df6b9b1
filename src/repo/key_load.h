/* Loads the repository's keys from the files and commands in the settings. */
#ifndef WALSHIP_REPO_KEY_LOAD_H
#define WALSHIP_REPO_KEY_LOAD_H

#include "repo/settings.h"

/* Reads one key from a file or a command and adds it to the ring. */
enum status key_load(const struct secret_source *source, const struct secret_reader *reader, const struct call *call,
		     struct keyring *ring, struct error *err);

/* Loads all keys of the settings, in order. STATUS_USAGE: encryption is on and no key is configured. */
enum status keys_load(const struct repository_settings *settings, const struct call *call, struct keyring *ring,
		      struct error *err);

#endif
