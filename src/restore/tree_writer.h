/* Goes through the index of a backup: makes directories and links, and gives files to the threads, round by round. */
#ifndef WALSHIP_RESTORE_TREE_WRITER_H
#define WALSHIP_RESTORE_TREE_WRITER_H

#include "catalog/index_reader.h"
#include "restore/existing.h"
#include "restore/stages.h"

struct tree_writer {
	/* Set by the owner. The roots are open, and the threads run. */
	const struct tree_restore_settings *settings;
	struct roots *roots;
	const struct pack_table *table;
	struct stages *stages;
	struct tree_restore_figures *figures;
	uint64_t *needed; /* room: for each root */
	/* The writer's own; zero at first. */
	struct index_reader reader;
	struct existing existing; /* with delta */
	struct round rounds[2];   /* one is filled while the threads work on the other */
	unsigned filling;
	struct buffer directory; /* the last directory of the index; a 0 byte ends it */
	bool lesser_modes;       /* a file's owner may not write to it */
};

/* Everything but the sync. tree_writer_fini whatever happens, after stages_end. */
enum status tree_writer_run(struct tree_writer *writer, struct error *err);
void tree_writer_fini(struct tree_writer *writer);

#endif
