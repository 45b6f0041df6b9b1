/* Which of a server's files the repository lacks. */
#ifndef WALSHIP_COMMAND_LACKING_H
#define WALSHIP_COMMAND_LACKING_H

#include "pg/data/finished.h"
#include "repo/session.h"

struct lacking_of {
	const struct command_context *context;
	const struct session *session;
	const struct finished_list *list;
	uint64_t system_id;
};

struct lacking {
	bool *stored; /* by the index of the list: the repository has a file of this name */
	size_t count; /* of those that it has not */
};

/*
 * By listing the folders of those names. Where nothing may be listed, or a directory has nothing of this cluster,
 * everything counts as lacking: what is there already is compared when it is pushed, and nothing is ever replaced. A
 * store that is not there is another matter.
 */
enum status lacking_look(struct lacking *lacking, const struct lacking_of *of, struct error *err);

/* Leaves the zero state. */
void lacking_fini(struct lacking *lacking);

#endif
