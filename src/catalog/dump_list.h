/* The dumps of a cluster, as the repository has them: the finished ones with their manifests, and the others. */
#ifndef WALSHIP_CATALOG_DUMP_LIST_H
#define WALSHIP_CATALOG_DUMP_LIST_H

#include "catalog/dump_manifest.h"
#include "repo/object.h"

#define LISTED_DUMP_ERROR_MAX 256

struct listed_dump {
	struct dump_label label;
	bool complete;    /* the manifest is there: the dump exists */
	int64_t stored_s; /* UTC, the store's clock: when the manifest was stored */
	int64_t newest_s; /* likewise of the newest object */
	uint64_t objects, bytes;
	/*
	 * Of a complete dump. STATUS_OK: manifest is valid. STATUS_DAMAGED: the manifest is damaged or needs a key that
	 * is not configured (lack). STATUS_EXISTS: it is in an archive storage class. STATUS_LOCAL: this machine cannot
	 * read it.
	 */
	enum status status;
	struct unseal_lack lack;
	char error[LISTED_DUMP_ERROR_MAX]; /* unless STATUS_OK */
	struct dump_manifest manifest;     /* zero unless STATUS_OK */
};

struct dump_list {
	struct listed_dump *items; /* ascending by label */
	size_t count, capacity;
};

/*
 * Fills *out, which is empty at first and which the caller finishes whatever happens. A manifest that cannot be opened
 * does not hide the other dumps. Fails as a listing does, and when the store cannot be reached.
 */
enum status dump_list_read(struct dump_list *out, const struct repository *repo, const struct call *call,
			   uint64_t system_id, struct error *err);

/*
 * The same from a listing of all objects: notes an object, in ascending order of labels, and then opens the manifests
 * that were noted. dump_list_open fails when the store cannot be reached.
 */
enum status dump_list_note(struct dump_list *list, const struct dump_object *object, const struct object_info *info,
			   struct error *err);
enum status dump_list_open(struct dump_list *list, const struct repository *repo, const struct call *call,
			   uint64_t system_id, struct error *err);

/* Leaves the zero state. */
void dump_list_fini(struct dump_list *list);

/* NULL if there is none with this label. */
struct listed_dump *dump_list_find(const struct dump_list *list, const struct dump_label *label);

/* The newest dump that exists and whose manifest is valid. NULL if there is none. */
struct listed_dump *dump_list_newest(const struct dump_list *list);

/* The newest dump that exists, without a look at its manifest. The label's text is "" if there is none. */
struct newest_dump {
	struct dump_label label;
	int64_t stored_s;    /* UTC, the store's clock: when the manifest was stored */
	uint64_t unfinished; /* dumps without a manifest that began after it; one may be running */
};
enum status dump_find_newest(struct newest_dump *out, const struct repository *repo, const struct call *call,
			     uint64_t system_id, struct error *err);

/* The bytes of all objects of a dump, by one listing. */
enum status dump_stored_bytes(uint64_t *out, const struct repository *repo, const struct call *call, uint64_t system_id,
			      const struct dump_label *label, struct error *err);

/* Whether the objects of a complete dump are there, in the sizes that its manifest says. */
struct dump_faults {
	uint64_t missing, wrong_size, archived;
	char first[BACKUP_OBJECT_NAME_MAX]; /* the name of the first object that is missing or has another size */
};
enum status dump_look_for_faults(struct dump_faults *out, const struct listed_dump *dump, const struct repository *repo,
				 const struct call *call, struct error *err);

#endif
