/* The configuration files of copies: each is an ordinary walship.conf whose repo is the copy. */
#ifndef WALSHIP_COMMAND_MIRROR_CONF_H
#define WALSHIP_COMMAND_MIRROR_CONF_H

#include "command/options/settings.h"
#include "repo/mirrors.h"

/* A copy. settings point into config and into the context's configuration and environment. */
struct mirror_conf {
	struct config *config;
	struct repository_settings settings;
};

/* The zero state is allowed. */
void mirror_conf_fini(struct mirror_conf *conf);

/*
 * Loads path. Neither the command line nor WALSHIP_* variables apply to it, because they are about the first
 * repository; the AWS_* variables do. The settings have the keys of the context's configuration: objects in the copy
 * are sealed with the same keys.
 */
enum status mirror_conf_load(struct mirror_conf *out, const struct command_context *context, const char *path,
			     struct error *err);

/* The files of mirror-conf. The owner sets context, which outlives it. */
struct mirror_confs {
	const struct command_context *context;
	struct mirror_conf *items; /* those that were asked for; NULL: none was yet */
	size_t count;
};

void mirror_confs_fini(struct mirror_confs *confs);

/* Each file is read when its mirror is asked. */
struct mirrors mirror_confs_of(struct mirror_confs *confs);

#endif
