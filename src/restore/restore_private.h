/* Shared by the restore*.c files. */
#ifndef WALSHIP_RESTORE_RESTORE_PRIVATE_H
#define WALSHIP_RESTORE_RESTORE_PRIVATE_H

#include "recovery/choose.h"
#include "recovery/recovery_settings.h"
#include "restore/moved_tablespaces.h"
#include "restore/place.h"
#include "restore/restore.h"

struct restoration {
	const struct restore_params *params;
	struct place place;
	struct repository repo;
	uint64_t system_id;
	struct coverage coverage;
	struct backup_list backups;
	struct choice choice;
	bool archive_off;
	const char *archive_reason;          /* why archive_mode is off; NULL: it is not */
	struct tree_restore_figures planned; /* what is to be done */
	struct recovery_notes notes;         /* after the settings are written */
	struct moved_tablespaces moved;      /* with tablespace_parent */
};

/* With result: what was chosen, and what was written. */
void restore_take_choice(const struct restoration *restoration);
void restore_take_end(const struct restoration *restoration, const struct tree_restore_figures *done);

/* Prints what is going to be done, as text; nothing with json. */
enum status restore_print_plan(const struct restoration *restoration, struct error *err);

/* Prints what was done, or with dry_run what would be, as JSON; and as text what to do next. */
enum status restore_print_end(const struct restoration *restoration, const struct tree_restore_figures *done,
			      struct error *err);

#endif
