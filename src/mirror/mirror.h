/* Copies the objects of a repository that another one lacks. Never replaces and never removes an object. */
#ifndef WALSHIP_MIRROR_MIRROR_H
#define WALSHIP_MIRROR_MIRROR_H

#include "console/console.h"
#include "repo/mirror_note.h"
#include "repo/settings.h"

/* What is known when a run has compared all objects. */
struct mirror_figures {
	bool compared;
	uint64_t behind_objects, behind_bytes; /* that the copy still lacks, or has otherwise */
	char newest[MIRROR_NOTE_NAME_MAX];     /* the last segment of the repository; "": there is none */
};

struct mirror_params {
	const struct repository_settings *original; /* keys are needed with open only */
	const struct repository_settings *copy;     /* without keys: nothing is made or opened there */
	const struct call *call;
	const struct console *console;
	uint64_t buffer_bytes; /* of one upload to the copy; 0: uploads have no buffer */
	bool open;             /* verify each object before it is copied */
	bool one_by_one;       /* a limit of the bandwidth is for each connection */
	bool dry_run, json;
	struct mirror_figures *figures; /* out; zero at first */
};

/*
 * The copy is true at any moment: the manifest of a base backup appears in it after all that the backup needs, and the
 * history of a timeline before its segments. A backup that is not finished is left for the next run, and so is a backup
 * that may need one that could not be copied.
 *
 * STATUS_CONFLICT, STATUS_DAMAGED, STATUS_UNREACHABLE: some objects, which are named on standard output, could not be
 * copied; all others were. Other failures end the run.
 */
enum status mirror_run(const struct mirror_params *params, struct error *err);

#endif
