/*
 * Where objects live: a directory, an S3 bucket, memory (for tests). All of them pass one suite,
 * test/unit/store/suite.c.
 *
 * An object is created once and never replaced; it is visible only once the writer's finish said
 * STATUS_OK. Names are relative paths of A-Z a-z 0-9 . _ - and '/', without "." or ".." components.
 * STATUS_MISSING comes only from a store that definitely said so: an outage, a refusal, an unmounted
 * disk or a missing bucket is STATUS_UNREACHABLE (or STATUS_LOCAL for the machine's own trouble).
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
	bool archived;      /* it must be restored, which takes hours, before it can be read; only listings know */
};

/* Called for each object, in ascending order of names. Anything but STATUS_OK ends the listing with it. */
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
	/* May be NULL: only the other operations tell. */
	enum status (*reach)(struct store *, const struct call *, int64_t *clock_s, struct error *);
	void (*free)(struct store *);
};

struct store {
	const struct store_ops *ops;
};

/*
 * A writer for a new object. call must outlive it. Its finish says STATUS_EXISTS when the name is taken, by
 * whatever content; create itself may say so too. The caller owns *out; freeing it without finish leaves no object.
 */
static inline enum status store_create(struct store *store, const struct call *call, const char *name,
				       struct sink **out, struct error *err)
{
	return store->ops->create(store, call, name, out, err);
}

/*
 * Writes the whole object into the sink and does not finish it: the caller does, after STATUS_OK.
 * A failed read may have written a part. STATUS_MISSING: nothing was written.
 */
static inline enum status store_read(struct store *store, const struct call *call, const char *name, struct sink *into,
				     struct error *err)
{
	return store->ops->read(store, call, name, into, err);
}

#define STORE_FIRST_MAX 4096 /* read_first's most: a header has less */

/*
 * The first *len bytes of an object, at most STORE_FIRST_MAX and at least 1, without the rest of it; *len becomes less
 * when the object is shorter. STATUS_MISSING. STATUS_EXISTS: it is there, and cannot be read now, for the store has put
 * it away (S3's archive storage classes).
 */
static inline enum status store_read_first(struct store *store, const struct call *call, const char *name, void *out,
					   size_t *len, struct error *err)
{
	return store->ops->read_first(store, call, name, out, len, err);
}

/* Size and time of one object; out->name is name itself. STATUS_MISSING. */
static inline enum status store_stat(struct store *store, const struct call *call, const char *name,
				     struct object_info *out, struct error *err)
{
	return store->ops->stat(store, call, name, out, err);
}

/* Every object whose name begins with prefix (any string, "" for all). None is STATUS_OK. */
static inline enum status store_list(struct store *store, const struct call *call, const char *prefix,
				     store_list_fn each, void *arg, struct error *err)
{
	return store->ops->list(store, call, prefix, each, arg, err);
}

/* Removing what is not there is STATUS_OK. */
static inline enum status store_remove(struct store *store, const struct call *call, const char *name,
				       struct error *err)
{
	return store->ops->remove(store, call, name, err);
}

/* Whether store_reach can tell anything. */
static inline bool store_has_reach(const struct store *store)
{
	return store->ops->reach != NULL;
}

/*
 * Whether the store is there at all, though it may refuse everything else. *clock_s receives its time, UTC, -1 where
 * it has none of its own.
 */
static inline enum status store_reach(struct store *store, const struct call *call, int64_t *clock_s, struct error *err)
{
	return store->ops->reach(store, call, clock_s, err);
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
