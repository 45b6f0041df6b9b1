/* The secrets that the configuration names, from files and from commands. */
#ifndef WALSHIP_REPO_SECRET_SOURCE_H
#define WALSHIP_REPO_SECRET_SOURCE_H

#include "command/command.h"
#include "repo/keyring.h"

/*
 * What the command of option id prints; less one newline, if it is not a key. STATUS_USAGE for a line that cannot be
 * run, or that prints nothing; STATUS_UNREACHABLE when it fails.
 */
enum status secret_from_command(const struct command_context *context, enum option_id id, const char *line,
				struct secret *out, struct error *err);

/* Reads one key, whether from a file or a command, and puts it into the ring. */
enum status key_load(const struct command_context *context, const struct config_key *key, struct keyring *ring,
		     struct error *err);

/* All keys of the configuration, in their order. STATUS_USAGE when objects are to be encrypted and there is none. */
enum status keys_load(const struct command_context *context, struct keyring *ring, struct error *err);

#endif
