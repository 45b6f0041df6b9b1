/*
 * The interface of object stores: a directory, an S3 bucket, memory (for tests). All of them pass the suite
 * test/unit/store/suite.c.
 *
 * An object is created once and never replaced. It becomes visible only when the writer's finish returns
 * STATUS_OK. Names are relative paths of A-Z a-z 0-9 . _ - and '/', without "." or ".." components.
 * STATUS_MISSING means that the store definitely reported the object as missing. An outage, a refusal, an unmounted
 * disk or a missing bucket is STATUS_UNREACHABLE; a problem of this machine is STATUS_LOCAL.
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
	bool archived;      /* in an archive storage class: not readable until restored, which takes hours; set only by
			       listings */
};

/* Called for each object in ascending order of names. Any status but STATUS_OK ends the listing, which returns it. */
typedef enum status (*store_list_fn)(void *arg, const struct object_info *info, struct error *err);

struct store;

struct store_ops {
	enum status (*create)(struct store *, const struct call *, const char *name, struct sink **out, struct error *);
	enum status (*read)(struct store *, const struct call *, const char *name, struct sink *into, struct error *);
	enum status (*read_first)(struct store *, const struct call *, const char *name, void *out, size_t *len,
				  struct error *);
	enum status (*stat)(struct store *, const struct call *, const char *name, struct object_info *out,
			    struct error *);
	enum status (*list)(struct store *, const struct call *, const char *prefix, store_list_fn each, void *arg,
			    struct error *);
	enum status (*remove)(struct store *, const struct call *, const char *name, struct error *);
	/* May be NULL: then only the other operations show whether the store is reachable. */
	enum status (*reach)(struct store *, const struct call *, int64_t *clock_s, struct error *);
	/* May be NULL: then no object can become unusable by a link, an owner or a mode. */
	enum status (*examine)(struct store *, const struct call *, const char *prefix, struct error *);
	void (*free)(struct store *);
};

struct store {
	const struct store_ops *ops;
};

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

#define STORE_FIRST_MAX 4096 /* the most that store_read_first reads; a header is shorter */

/*
 * Reads the first *len bytes of an object, from 1 to STORE_FIRST_MAX. *len is reduced if the object is shorter.
 * STATUS_MISSING. STATUS_EXISTS: the object exists but is not readable now (S3's archive storage classes).
 */
static inline enum status store_read_first(struct store *store, const struct call *call, const char *name, void *out,
					   size_t *len, struct error *err)
{
	return store->ops->read_first(store, call, name, out, len, err);
}

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

/* Removes an object. A missing object is STATUS_OK. */
static inline enum status store_remove(struct store *store, const struct call *call, const char *name,
				       struct error *err)
{
	return store->ops->remove(store, call, name, err);
}

/* Whether the store implements store_reach. */
static inline bool store_has_reach(const struct store *store)
{
	return store->ops->reach != NULL;
}

/*
 * Checks whether the store is reachable, even if it refuses other requests. *clock_s receives the store's time in UTC
 * seconds, or -1 if the store has no clock of its own.
 */
static inline enum status store_reach(struct store *store, const struct call *call, int64_t *clock_s, struct error *err)
{
	return store->ops->reach(store, call, clock_s, err);
}

/* Whether the store implements store_examine. */
static inline bool store_has_examine(const struct store *store)
{
	return store->ops->examine != NULL;
}

/*
 * Looks at the objects whose names begin with prefix, without reading them: at owners, modes and links. Takes one step
 * of the call for each directory. STATUS_LOCAL: an object or a directory cannot be used. STATUS_UNREACHABLE: a link
 * leads nowhere, or the deadline has passed.
 */
static inline enum status store_examine(struct store *store, const struct call *call, const char *prefix,
					struct error *err)
{
	return store->ops->examine(store, call, prefix, err);
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
