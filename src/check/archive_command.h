/* What an archive_command does, as far as its words tell. */
#ifndef WALSHIP_CHECK_ARCHIVE_COMMAND_H
#define WALSHIP_CHECK_ARCHIVE_COMMAND_H

#include "base/argsplit.h"
#include "config/config.h"

#define ARCHIVE_COMMAND_OPTIONS_MAX ARGSPLIT_MAX

enum archive_command_kind {
	ARCHIVE_COMMAND_WALSHIP, /* it runs walship push, with what the members say */
	ARCHIVE_COMMAND_SHELL,   /* walship is in it, and more than its words: only its effect tells */
	ARCHIVE_COMMAND_FOREIGN, /* no walship in it */
	ARCHIVE_COMMAND_WRONG,   /* walship, but not as an archive_command: problem says why */
};

/* Points into itself: it must not move in memory. */
struct archive_command {
	enum archive_command_kind kind;
	const char *problem;
	const char *config_path; /* of --config; NULL: none */
	struct config_pair options[ARCHIVE_COMMAND_OPTIONS_MAX];
	size_t option_count;
	const char *environment[ARGSPLIT_MAX + 1]; /* WALSHIP_NAME=value in front of it, then NULL */
	struct argsplit args;
};

void archive_command_read(struct archive_command *out, const char *text);

/*
 * Whether what the command is configured with is the repository of config. STATUS_CONFLICT: another one, both are
 * named. STATUS_LOCAL: it cannot be told, as its configuration cannot be read by this user, and why.
 */
enum status archive_command_compare(const struct archive_command *command, const struct config *config,
				    struct error *err);

#endif
