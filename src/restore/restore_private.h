/* Shared by the restore*.c files. */
#ifndef WALSHIP_RESTORE_RESTORE_PRIVATE_H
#define WALSHIP_RESTORE_RESTORE_PRIVATE_H

#include "recovery/choose.h"
#include "recovery/recovery_settings.h"
#include "restore/failover.h"
#include "restore/place.h"
#include "restore/restore.h"

struct restoration {
	const struct restore_params *params;
	struct place place;
	const struct repository_settings *settings; /* of the repository that is read */
	char source_reason[ERROR_TEXT_MAX];         /* why that is a mirror; "": it is the first repository */
	struct call call; /* of the params; with less patience while a mirror may be chosen instead */
	struct failover failover;
	struct repository repo;
	uint64_t system_id;
	struct coverage coverage;
	struct backup_list backups;
	struct choice choice;
	bool archive_off;
	const char *archive_reason;          /* why archive_mode is off; NULL: it is not */
	struct tree_restore_figures planned; /* what is to be done */
	struct recovery_notes notes;         /* after the settings are written */
};

/*
 * Finds the first repository, of the restore's and its mirrors, that can be reached and has a usable backup for the
 * target. Fills settings, repo, system_id, coverage, backups, choice and planned from it. The error is that of the
 * restore's own repository; the log has those of the mirrors.
 */
enum status restore_choose_source(struct restoration *restoration, struct error *err);

/* Frees what restore_choose_source filled. */
void restore_forget_source(struct restoration *restoration);

struct tree_restore_settings restore_tree_settings(struct restoration *restoration);

/* Prints what is going to be done, as text; nothing with json. */
enum status restore_print_plan(const struct restoration *restoration, struct error *err);

/* Prints what was done, or with dry_run what would be, as JSON; and as text what to do next. */
enum status restore_print_end(const struct restoration *restoration, const struct tree_restore_figures *done,
			      struct error *err);

#endif
