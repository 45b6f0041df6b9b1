/*
 * The interface of object stores: a directory, an S3 bucket, memory (for tests). All of them pass the suite
 * test/unit/store/suite.c. One thread at a time uses a store.
 *
 * An object is created once and never replaced. It becomes visible only when the writer's finish returns
 * STATUS_OK. Names are relative paths of A-Z a-z 0-9 . _ - and '/', without "." or ".." components.
 * STATUS_MISSING means that the store definitely reported the object as missing. Its error has a hint only if the
 * object was deleted and the store may keep a version of it. An outage, a refusal, an unmounted disk or a missing
 * bucket is STATUS_UNREACHABLE; a problem of this machine is STATUS_LOCAL.
 */
#ifndef WALSHIP_STORE_STORE_H
#define WALSHIP_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/call.h"
#include "stream/sink.h"
#include "walship/error.h"

#define OBJECT_NAME_MAX 1024

struct object_info {
	const char *name; /* below the repository; valid during the callback only */
	uint64_t bytes;
	int64_t modified_s; /* UTC */
	bool directory;     /* not an object: the name ends in '/'; set only by store_list_level */
	/*
	 * In an archive storage class without a readable copy: not readable until store_thaw has brought one back,
	 * which takes hours. Set by listings and by store_stat.
	 */
	bool archived;
	bool thawing;              /* of archived: the copy has been requested */
	const char *archive_class; /* of archived: "GLACIER" or "DEEP_ARCHIVE", static */
};

/* Called for each object in ascending order of names. Any status but STATUS_OK ends the listing, which returns it. */
typedef enum status (*store_list_fn)(void *arg, const struct object_info *info, struct error *err);

/*
 * What a store can do by itself. All operations but store_reach work on every store; without an ability they cost
 * more, or promise less.
 */
enum store_ability {
	STORE_CREATES_ONCE = 1,  /* of two simultaneous writers of a name, one gets STATUS_EXISTS; else both may win */
	STORE_PROVES_RANGES = 2, /* store_read_ranges compares the range that the store sent; else only its length */
	STORE_REMOVES_MANY = 4,  /* store_remove_many needs one request for STORE_REMOVE_MAX names; else one for each */
	STORE_LISTS_LEVELS = 8,  /* store_list_level reads one level; else everything below it too */
	STORE_SPLITS_OBJECTS = 16, /* a writer needs bounded memory for an object of any size; else all of the object */
	STORE_REACHES = 32,        /* store_reach works; else only the other operations show that the store is there */
	STORE_EXAMINES = 64,       /* store_examine works; else no owner, mode or link can make an object unusable */
	STORE_UNDELETES = 128,     /* store_undelete works; else what is deleted is gone */
	STORE_THAWS = 256,         /* store_thaw works; else no object is in an archive storage class */
	STORE_LEAVES_UPLOADS = 512, /* store_clear_uploads works; else a crash leaves no part of an object */
};

/* A range of bytes of an object. */
struct store_range {
	uint64_t offset;
	uint64_t bytes; /* above 0 */
};

/* Called for the bytes of each range in order, piece by piece. range: the index. As for a sink, a failure is final. */
typedef enum status (*store_piece_fn)(void *arg, size_t range, const void *data, size_t len, struct error *err);

struct store_ranges {
	const struct store_range *items; /* ascending, without overlap */
	size_t count;
	bool may_be_shorter; /* the last range may reach beyond the end of the object, and then ends there */
	store_piece_fn each;
	void *arg;
};

/* A name that the store refuses to remove, because of a policy, a lock or the permissions of a directory. */
struct store_refusal {
	const char *name;
	enum status status;
	const struct error *why; /* the store's reason */
};

/* Called for each refusal. Any status but STATUS_OK ends the removal, which returns it. */
typedef enum status (*store_refused_fn)(void *arg, const struct store_refusal *refusal, struct error *err);

#define STORE_REMOVE_MAX 1000 /* names in one request (S3 API reference, DeleteObjects) */

struct store_removal {
	const char *const *names; /* any number of them */
	size_t count;
	store_refused_fn refused;
	void *arg;
};

/*
 * Where each read is a request, store_read_ranges also reads a gap of up to this many bytes: that takes less time than
 * another request (40 ms at 100 Mbit/s, 4 ms at 1 Gbit/s).
 */
#define STORE_MERGE_GAP_BYTES (512 * 1024)

/* A deleted object of which the store has kept a version. */
struct store_deletion {
	const char *name; /* below the repository; valid during the callback only */
	uint64_t bytes;
	int64_t modified_s; /* UTC; of the version */
	int64_t deleted_s;  /* UTC; 0 if replaced */
	/*
	 * Only with before_s: at that time the object had content that a later version has replaced. No deletion hides
	 * that content, so it cannot be brought back under this name.
	 */
	bool replaced;
};

/* Called for each deletion in ascending order of names, before it is undone. Any status but STATUS_OK ends the
 * operation, which returns it. */
typedef enum status (*store_deletion_fn)(void *arg, const struct store_deletion *deletion, bool *undo,
					 struct error *err);

struct store_undeletion {
	const char *prefix; /* of the names */
	/*
	 * UTC; 0: every deletion counts. Otherwise only objects that were there just before this time count: neither
	 * those that were deleted earlier nor those that were created later.
	 */
	int64_t before_s;
	store_deletion_fn each; /* sets *undo, which is false at first */
	void *arg;
};

/* An upload that was begun, and neither completed nor aborted. */
struct store_upload {
	const char *name; /* of the object; valid during the callback only */
	int64_t begun_s;  /* UTC, the store's clock */
};

/* Called for each upload before it is aborted. Any status but STATUS_OK ends the operation, which returns it. */
typedef enum status (*store_upload_fn)(void *arg, const struct store_upload *upload, bool *abort, struct error *err);

struct store_clearing {
	const char *prefix;       /* of the names */
	store_upload_fn each;     /* sets *abort, which is false at first */
	store_refused_fn refused; /* also for the listing itself: then name is the prefix */
	void *arg;                /* of both */
};

/* What a request for readable copies of archived objects asks for. */
struct store_thaw {
	const char *tier; /* "Standard", "Bulk" or "Expedited" */
	unsigned days;    /* for which the copy stays, at least 1 */
};

struct store;

struct store_ops {
	unsigned abilities; /* of enum store_ability */
	enum status (*create)(struct store *, const struct call *, const char *name, struct sink **out, struct error *);
	enum status (*read)(struct store *, const struct call *, const char *name, struct sink *into, struct error *);
	enum status (*read_ranges)(struct store *, const struct call *, const char *name, const struct store_ranges *,
				   struct error *);
	enum status (*stat)(struct store *, const struct call *, const char *name, struct object_info *out,
			    struct error *);
	enum status (*list)(struct store *, const struct call *, const char *prefix, store_list_fn each, void *arg,
			    struct error *);
	/* NULL without STORE_LISTS_LEVELS. */
	enum status (*list_level)(struct store *, const struct call *, const char *prefix, store_list_fn each,
				  void *arg, struct error *);
	enum status (*remove)(struct store *, const struct call *, const struct store_removal *, struct error *);
	/* NULL without STORE_REACHES. */
	enum status (*reach)(struct store *, const struct call *, int64_t *clock_s, struct error *);
	/* NULL without STORE_EXAMINES. */
	enum status (*examine)(struct store *, const struct call *, const char *prefix, struct error *);
	/* NULL without STORE_UNDELETES. */
	enum status (*undelete)(struct store *, const struct call *, const struct store_undeletion *, struct error *);
	/* NULL without STORE_LEAVES_UPLOADS. */
	enum status (*clear_uploads)(struct store *, const struct call *, const struct store_clearing *,
				     struct error *);
	/* NULL without STORE_THAWS. */
	enum status (*thaw)(struct store *, const struct call *, const char *name, const struct store_thaw *,
			    struct error *);
	void (*free)(struct store *);
};

struct store {
	const struct store_ops *ops;
};

static inline bool store_can(const struct store *store, enum store_ability ability)
{
	return (store->ops->abilities & ability) != 0;
}

/*
 * Opens a writer for a new object. call must outlive the writer. Its finish returns STATUS_EXISTS when the name already
 * exists, with any content; create itself may return that too. The caller owns *out; freeing it without finish leaves
 * no object.
 */
static inline enum status store_create(struct store *store, const struct call *call, const char *name,
				       struct sink **out, struct error *err)
{
	return store->ops->create(store, call, name, out, err);
}

/*
 * Writes the whole object into the sink. The caller finishes the sink after STATUS_OK. A failed read may have written a
 * part of the object. STATUS_MISSING: nothing was written.
 */
static inline enum status store_read(struct store *store, const struct call *call, const char *name, struct sink *into,
				     struct error *err)
{
	return store->ops->read(store, call, name, into, err);
}

/*
 * Reads ranges of an object, with as few requests as the gaps between the ranges allow. A broken connection is resumed
 * where it stopped, and an object that is replaced meanwhile is an error. A failed read may have passed on a part.
 *
 * STATUS_MISSING. STATUS_EXISTS: the object exists but is not readable now (S3's archive storage classes).
 * STATUS_DAMAGED: the object ends before a range does. STATUS_USAGE: the ranges are not as store_ranges says.
 */
enum status store_read_ranges(struct store *store, const struct call *call, const char *name,
			      const struct store_ranges *ranges, struct error *err);

#define STORE_FIRST_MAX 4096 /* the most that store_read_first reads; a header is shorter */

/* Reads the first *len bytes of an object, from 1 to STORE_FIRST_MAX. *len is reduced if the object is shorter. The
 * statuses are those of store_read_ranges. */
enum status store_read_first(struct store *store, const struct call *call, const char *name, void *out, size_t *len,
			     struct error *err);

/* Gets size and time of one object. out->name is name itself. STATUS_MISSING. */
static inline enum status store_stat(struct store *store, const struct call *call, const char *name,
				     struct object_info *out, struct error *err)
{
	return store->ops->stat(store, call, name, out, err);
}

/* Lists every object whose name begins with prefix (any string; "" for all). An empty listing is STATUS_OK. */
static inline enum status store_list(struct store *store, const struct call *call, const char *prefix,
				     store_list_fn each, void *arg, struct error *err)
{
	return store->ops->list(store, call, prefix, each, arg, err);
}

/*
 * Lists one level, in ascending order: the objects whose names begin with prefix and have no '/' behind it, and, as
 * directories, the beginnings up to that '/' of all other names with the prefix. "a/" lists "a/b" and "a/c/", not
 * "a/c/d". A directory may be empty. (S3 API reference, ListObjectsV2: delimiter, CommonPrefixes.)
 */
enum status store_list_level(struct store *store, const struct call *call, const char *prefix, store_list_fn each,
			     void *arg, struct error *err);

/*
 * Removes objects, durably. A missing object counts as removed. STATUS_OK: each name was removed, or passed to refused.
 * Otherwise the removal ended early, and some of the names may have been removed.
 */
static inline enum status store_remove_many(struct store *store, const struct call *call,
					    const struct store_removal *removal, struct error *err)
{
	return store->ops->remove(store, call, removal, err);
}

/* Removes an object. A missing object is STATUS_OK; a refusal is STATUS_UNREACHABLE or STATUS_LOCAL. */
enum status store_remove(struct store *store, const struct call *call, const char *name, struct error *err);

/*
 * For a store with STORE_REACHES: checks whether the store is reachable, even if it refuses other requests. *clock_s
 * receives the store's time in UTC seconds, or -1 if the store has no clock of its own.
 */
static inline enum status store_reach(struct store *store, const struct call *call, int64_t *clock_s, struct error *err)
{
	return store->ops->reach(store, call, clock_s, err);
}

/*
 * For a store with STORE_EXAMINES: looks at the objects whose names begin with prefix, without reading them: at owners,
 * modes and links. Takes one step of the call for each directory. STATUS_LOCAL: an object or a directory cannot be
 * used. STATUS_UNREACHABLE: a link is broken, or the deadline has passed.
 */
static inline enum status store_examine(struct store *store, const struct call *call, const char *prefix,
					struct error *err)
{
	return store->ops->examine(store, call, prefix, err);
}

/*
 * For a store with STORE_UNDELETES: makes the newest version of deleted objects readable again. Copies nothing, and
 * removes no version of an object: only the marks of the deletion. Takes one step of the call for each page of the
 * listing and for each mark. An operation that ended early can be repeated.
 */
static inline enum status store_undelete(struct store *store, const struct call *call,
					 const struct store_undeletion *undeletion, struct error *err)
{
	return store->ops->undelete(store, call, undeletion, err);
}

/*
 * For a store with STORE_LEAVES_UPLOADS: lists the unfinished uploads, and aborts those that are chosen. Takes one step
 * of the call for each page and for each upload. STATUS_OK also if the store refused some of it, or all.
 */
static inline enum status store_clear_uploads(struct store *store, const struct call *call,
					      const struct store_clearing *clearing, struct error *err)
{
	return store->ops->clear_uploads(store, call, clearing, err);
}

/*
 * For a store with STORE_THAWS: requests a readable copy of an archived object. STATUS_OK: the copy is requested, has
 * been requested before, or is there. store_stat tells when it is there. STATUS_MISSING.
 */
static inline enum status store_thaw(struct store *store, const struct call *call, const char *name,
				     const struct store_thaw *thaw, struct error *err)
{
	return store->ops->thaw(store, call, name, thaw, err);
}

static inline void store_free(struct store *store)
{
	if (store != NULL)
		store->ops->free(store);
}

/* For CLEANUP(store_freep) struct store *store = NULL; */
static inline void store_freep(struct store **store)
{
	store_free(*store);
}

#endif
