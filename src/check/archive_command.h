/* What an archive_command does, as far as its words tell. */
#ifndef WALSHIP_CHECK_ARCHIVE_COMMAND_H
#define WALSHIP_CHECK_ARCHIVE_COMMAND_H

#include <stdbool.h>

#include "base/argsplit.h"
#include "walship/error.h"

#define ARCHIVE_COMMAND_OPTIONS_MAX ARGSPLIT_MAX

/* As on walship's command line, without the dashes. */
struct archive_command_option {
	const char *name, *value;
};

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
	struct archive_command_option options[ARCHIVE_COMMAND_OPTIONS_MAX];
	size_t option_count;
	const char *environment[ARGSPLIT_MAX + 1]; /* WALSHIP_NAME=value in front of it, then NULL */
	struct argsplit args;
};

void archive_command_read(struct archive_command *out, const char *text);

/* Where a configuration archives to. Texts are the caller's own; NULL: not set. */
struct archive_target {
	const char *repo;
	const char *s3_endpoint;
	const char *s3_region;
	bool region_is_given; /* it is not the default */
};

struct archive_targets {
	struct archive_target theirs, ours; /* by the command's words; by this call's configuration */
};

/*
 * Whether the command archives into our repository. STATUS_CONFLICT: into another one; the error names both.
 * STATUS_LOCAL: its words do not tell, and the environment of the server may.
 */
enum status archive_command_compare(const struct archive_command *command, const struct archive_targets *targets,
				    struct error *err);

#endif
