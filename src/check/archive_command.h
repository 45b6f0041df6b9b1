/* The meaning of an archive_command, as far as its words tell. */
#ifndef WALSHIP_CHECK_ARCHIVE_COMMAND_H
#define WALSHIP_CHECK_ARCHIVE_COMMAND_H

#include <stdbool.h>

#include "text/argsplit.h"
#include "walship/error.h"

#define ARCHIVE_COMMAND_OPTIONS_MAX ARGSPLIT_MAX

/* An option of walship's command line, without dashes. */
struct archive_command_option {
	const char *name, *value;
};

enum archive_command_kind {
	ARCHIVE_COMMAND_WALSHIP, /* it runs walship push with the members below */
	ARCHIVE_COMMAND_SHELL,   /* it names walship in shell syntax: only its effect tells */
	ARCHIVE_COMMAND_FOREIGN, /* it does not name walship */
	ARCHIVE_COMMAND_WRONG,   /* it does not use walship as an archive_command; problem says why */
};

/* Points into itself: do not copy or move. */
struct archive_command {
	enum archive_command_kind kind;
	const char *problem;
	const char *config_path; /* of --config; NULL: none */
	struct archive_command_option options[ARCHIVE_COMMAND_OPTIONS_MAX];
	size_t option_count;
	const char *environment[ARGSPLIT_MAX + 1]; /* WALSHIP_NAME=value before walship, NULL-terminated */
	struct argsplit args;
};

void archive_command_read(struct archive_command *out, const char *text);

/* Where a configuration archives to. The caller owns the texts; NULL: not set. */
struct archive_target {
	const char *repo;
	const char *s3_endpoint;
	const char *s3_region;
	bool region_is_given; /* false: the default */
};

struct archive_targets {
	struct archive_target theirs, ours; /* from the command's words, and from this call's configuration */
};

/*
 * Whether the command archives into our repository. STATUS_CONFLICT: into another one; the error names both.
 * STATUS_LOCAL: the words name no configuration, so the server's environment decides.
 */
enum status archive_command_compare(const struct archive_command *command, const struct archive_targets *targets,
				    struct error *err);

#endif
