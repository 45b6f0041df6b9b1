/* Shared by the restore*.c files. */
#ifndef WALSHIP_RESTORE_RESTORE_PRIVATE_H
#define WALSHIP_RESTORE_RESTORE_PRIVATE_H

#include "catalog/failover.h"
#include "recovery/choose.h"
#include "recovery/recovery_settings.h"
#include "restore/moved_tablespaces.h"
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
	struct moved_tablespaces moved;      /* with tablespace_parent */
	/* In an archive storage class, by the listing. */
	uint64_t archived;                /* objects of the cluster */
	struct thaw_names archived_names; /* of histories */
	bool stopped;                     /* a dry run with --thaw cannot look further */
};

/*
 * Finds the first repository, of the restore's and its mirrors, that can be reached and has a usable backup for the
 * target. Fills settings, repo, system_id, coverage, backups, choice, moved and planned from it; if stopped, the last
 * three stay empty. The error is that of the restore's own repository; the log has those of the mirrors.
 */
enum status restore_choose_source(struct restoration *restoration, struct error *err);

/* Frees what restore_choose_source filled. */
void restore_forget_source(struct restoration *restoration);

struct tree_restore_settings restore_tree_settings(struct restoration *restoration);

/* With result: what was chosen, and what was written. */
void restore_take_choice(const struct restoration *restoration);
void restore_take_end(const struct restoration *restoration, const struct tree_restore_figures *done);

/* Prints what is going to be done, as text; nothing with json. */
enum status restore_print_plan(const struct restoration *restoration, struct error *err);

/* Prints what was done, or with dry_run what would be, as JSON; and as text what to do next. */
enum status restore_print_end(const struct restoration *restoration, const struct tree_restore_figures *done,
			      struct error *err);

/* Callbacks of the survey, which note the objects in an archive storage class. */
enum status restore_thaw_seen(void *arg, const struct coverage *coverage, const struct wal_name *name,
			      const struct object_info *info, struct error *err);
enum status restore_thaw_seen_backup(void *arg, const struct backup_object *object, const struct object_info *info,
				     struct error *err);

/*
 * After the survey: the histories and manifests that the choice may depend on. *again: they were archived and are
 * readable now, so the survey has to be repeated.
 */
enum status restore_thaw_catalog(struct restoration *restoration, bool *again, struct error *err);

/*
 * Chooses the backup, and brings back first what this needs: the WAL of the candidate and its content. Both functions
 * do nothing where nothing is archived, and set restoration->stopped as thaw_run does.
 */
enum status restore_thaw_and_choose(struct restoration *restoration, const struct choose_params *params,
				    struct error *err);

#endif
