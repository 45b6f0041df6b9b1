/* The base backups of a cluster, as the repository has them: the finished ones with their manifests, and the others. */
#ifndef WALSHIP_CATALOG_BACKUP_LIST_H
#define WALSHIP_CATALOG_BACKUP_LIST_H

#include "catalog/label.h"
#include "catalog/manifest.h"
#include "repo/object.h"

#define LISTED_ERROR_MAX 256

struct listed_backup {
	struct backup_label label;
	bool complete;           /* the manifest is there: the backup exists */
	bool pinned;             /* "keep" is there */
	int64_t begun_s;         /* UTC, the store's clock: when "begun" was stored; 0: it is not there */
	int64_t stored_s;        /* likewise of the manifest */
	uint64_t objects, bytes; /* noted */
	int64_t newest_s;        /* when the newest of them was stored */
	/*
	 * Of a complete backup. STATUS_OK: manifest is valid. STATUS_DAMAGED: the manifest is damaged or needs a key
	 * that is not configured (lack). STATUS_EXISTS: it is in an archive storage class. STATUS_LOCAL: this machine
	 * cannot read it.
	 */
	enum status status;
	struct unseal_lack lack;
	char error[LISTED_ERROR_MAX]; /* unless STATUS_OK */
	struct manifest manifest;     /* zero unless STATUS_OK */
};

struct backup_list {
	struct listed_backup *items; /* ascending by label */
	size_t count, capacity;
};

/*
 * Fills *out, which is empty at first and which the caller finishes whatever happens. A manifest that cannot be opened
 * does not hide the other backups. Objects whose names are not walship's are left out. Fails as a listing does, and
 * when the store cannot be reached. Takes a step of the call for each request.
 */
enum status backup_list_read(struct backup_list *out, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err);

/*
 * The same step by step, for a caller that needs the newest backups alone: lists the labels, and then looks at one
 * backup. A backup that turns out to have no object gets the label "".
 */
enum status backup_list_labels(struct backup_list *out, const struct repository *repo, const struct call *call,
			       uint64_t system_id, struct error *err);
enum status backup_list_look(struct listed_backup *backup, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err);

/*
 * The same from a listing of all objects: notes an object, in ascending order of labels, and then opens the manifests
 * that were noted. backup_list_open fails when the store cannot be reached.
 */
enum status backup_list_note(struct backup_list *list, const struct backup_object *object,
			     const struct object_info *info, struct error *err);
enum status backup_list_open(struct backup_list *list, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err);

/* Leaves the zero state. */
void backup_list_fini(struct backup_list *list);

/* NULL if there is none with this label. */
const struct listed_backup *backup_list_find(const struct backup_list *list, const struct backup_label *label);

/* Whether the manifests of the backup and of each backup that it needs are there and valid. */
bool backup_list_is_usable(const struct backup_list *list, const struct listed_backup *backup);

/*
 * The parent of a new backup of this type: the newest usable full backup for BACKUP_DIFF, the newest usable backup of
 * any type for BACKUP_INCR. NULL if there is none, and for BACKUP_FULL.
 */
const struct listed_backup *backup_list_parent(const struct backup_list *list, enum backup_type type);

/*
 * Reads one manifest into *out, which the caller finishes whatever happens. STATUS_MISSING: there is none.
 * STATUS_DAMAGED also when the manifest belongs to another backup. lack may be NULL.
 */
enum status backup_manifest_read(struct manifest *out, const struct repository *repo, const struct call *call,
				 uint64_t system_id, const struct backup_label *label, struct unseal_lack *lack,
				 struct error *err);

#endif
