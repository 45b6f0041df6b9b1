#include "catalog/failover.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/backup_list.h"
#include "stream/terminal_sink.h"

struct failover_store {
	struct store store;
	struct store *inner;
	struct failover *failover;
	struct repository mirror; /* open when its store is not NULL */
};

static bool is_same_backup(const struct manifest *one, const struct manifest *other)
{
	return one->hash_seed != NULL && other->hash_seed != NULL && strcmp(one->hash_seed, other->hash_seed) == 0 &&
	       one->ended == other->ended && one->bytes == other->bytes;
}

/* STATUS_OK: the mirror has the backup. */
static enum status try_mirror(const struct failover *failover, size_t index, const struct repository_settings **out,
			      struct error *err)
{
	CLEANUP(repository_fini) struct repository mirror = {0};
	struct manifest found = {0};
	const struct manifest *wanted = failover->manifest;
	const struct call step = call_step(failover->call);
	enum status st = failover->mirrors->settings(failover->mirrors->arg, index, out, err);
	if (!st)
		st = repository_open(&mirror, *out, &step, err);
	if (!st)
		st = backup_manifest_read(&found, &mirror, &step, wanted->system_id, &wanted->label, NULL, err);
	if (!st && !is_same_backup(&found, wanted))
		st = error_set(err, STATUS_CONFLICT, "backup %s is not the same there", wanted->label.text);
	manifest_fini(&found);
	return st;
}

/* Called with the mutex held. */
static void look_for_mirror(struct failover *failover)
{
	failover->looked = true;
	for (size_t i = failover->first; failover->settings == NULL && i < failover->mirrors->count; i++) {
		struct error trouble = {0};
		const struct repository_settings *settings = NULL;
		if (!try_mirror(failover, i, &settings, &trouble))
			failover->settings = settings;
		else
			log_line(failover->call->log, LEVEL_WARNING, "restore: mirror %s: %s",
				 settings == NULL ? "" : settings->url, trouble.text);
	}
}

static bool open_mirror(struct failover_store *store, const struct call *call)
{
	struct failover *failover = store->failover;
	struct error trouble = {0};
	if (store->mirror.store != NULL)
		return true;
	(void)pthread_mutex_lock(&failover->mutex);
	if (!failover->looked)
		look_for_mirror(failover);
	const struct repository_settings *settings = failover->settings;
	(void)pthread_mutex_unlock(&failover->mutex);
	if (settings == NULL)
		return false;
	if (repository_open(&store->mirror, settings, call, &trouble) == STATUS_OK)
		return true;
	log_line(call->log, LEVEL_WARNING, "restore: mirror %s: %s", settings->url, trouble.text);
	return false;
}

static bool may_be_elsewhere(enum status st)
{
	return st == STATUS_UNREACHABLE || st == STATUS_MISSING || st == STATUS_EXISTS || st == STATUS_DAMAGED;
}

/* A read in progress: what has been passed on already, and whether the receiver failed, which no other store mends. */
struct reading {
	const char *name;
	const struct store_ranges *ranges;
	bool whole;     /* the only range is the whole object */
	size_t range;   /* that is being read */
	uint64_t bytes; /* passed on of it */
	size_t skipped; /* ranges that the present request leaves out */
	bool refused;
};

static enum status pass_on(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	struct reading *reading = arg;
	range += reading->skipped;
	if (range != reading->range) {
		reading->range = range;
		reading->bytes = 0;
	}
	enum status st = reading->ranges->each(reading->ranges->arg, range, data, len, err);
	reading->refused = st != STATUS_OK;
	reading->bytes += len;
	return st;
}

struct passing_sink {
	struct sink sink;
	struct reading *reading;
};

static enum status write_passing(struct sink *sink, const void *data, size_t len, struct error *err)
{
	return pass_on(((struct passing_sink *)sink)->reading, 0, data, len, err);
}

static const struct sink_ops passing_ops = {write_passing, terminal_sink_finish, terminal_sink_free};

/* What is left, from the byte on that comes next. */
static enum status read_rest(struct store *store, const struct call *call, struct reading *reading, struct error *err)
{
	const struct store_ranges *all = reading->ranges;
	size_t first = reading->range;
	uint64_t done = reading->bytes;
	struct passing_sink passing = {{&passing_ops}, reading};
	reading->skipped = 0;
	if (reading->whole && done == 0)
		return store_read(store, call, reading->name, &passing.sink, err);
	if (first < all->count && done == all->items[first].bytes) {
		first++;
		done = 0;
	}
	if (first == all->count)
		return STATUS_OK;
	size_t count = all->count - first;
	struct store_range *items = calloc(count, sizeof *items);
	if (items == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	memcpy(items, all->items + first, count * sizeof *items);
	items[0].offset += done;
	items[0].bytes -= done;
	reading->skipped = first;
	const struct store_ranges rest = {items, count, all->may_be_shorter, pass_on, reading};
	enum status st = store_read_ranges(store, call, reading->name, &rest, err);
	free(items);
	return st;
}

static void say_away(struct failover_store *store, const struct call *call, const struct error *trouble)
{
	struct failover *failover = store->failover;
	if (!atomic_exchange(&failover->away, true))
		log_line(call->log, LEVEL_WARNING, "restore: going on with the mirror %s: %s",
			 store->mirror.settings->url, trouble->text);
}

/* The repository has the whole time only if there is nobody else to ask. */
static enum status ask_repository(struct failover_store *store, const struct call *call, struct reading *reading,
				  struct error *err)
{
	struct call patient = *call;
	int64_t most_ms = clock_monotonic_ms(call->clock) + FAILOVER_PATIENCE_MS;
	if (patient.deadline_ms > most_ms)
		patient.deadline_ms = most_ms;
	enum status st = read_rest(store->inner, &patient, reading, err);
	if (!may_be_elsewhere(st) || reading->refused || open_mirror(store, call))
		return st;
	return patient.deadline_ms == call->deadline_ms ? st : read_rest(store->inner, call, reading, err);
}

/* The repository, and then the mirror; the other way round once the repository did not answer. */
static enum status read_from_either(struct failover_store *store, const struct call *call, struct reading *reading,
				    struct error *err)
{
	struct error other = {0};
	bool away = atomic_load(&store->failover->away) && open_mirror(store, call);
	enum status st =
	    away ? read_rest(store->mirror.store, call, reading, err) : ask_repository(store, call, reading, err);
	if (!may_be_elsewhere(st) || reading->refused || store->mirror.store == NULL)
		return st;
	if (!away && st == STATUS_UNREACHABLE)
		say_away(store, call, err);
	const struct call step = call_step(call);
	enum status second = read_rest(away ? store->inner : store->mirror.store, &step, reading, &other);
	if (second && !reading->refused)
		return st;
	*err = other;
	return second;
}

static enum status read_ranges(struct store *base, const struct call *call, const char *name,
			       const struct store_ranges *ranges, struct error *err)
{
	struct reading reading = {.name = name, .ranges = ranges};
	return read_from_either((struct failover_store *)base, call, &reading, err);
}

static enum status into_sink(void *arg, size_t range, const void *data, size_t len, struct error *err)
{
	(void)range;
	return sink_write(arg, data, len, err);
}

static enum status read_whole(struct store *base, const struct call *call, const char *name, struct sink *into,
			      struct error *err)
{
	const struct store_range all = {0, INT64_MAX / 2};
	const struct store_ranges ranges = {&all, 1, true, into_sink, into};
	struct reading reading = {.name = name, .ranges = &ranges, .whole = true};
	return read_from_either((struct failover_store *)base, call, &reading, err);
}

static struct store *inner_of(struct store *base)
{
	return ((struct failover_store *)base)->inner;
}

static enum status create(struct store *base, const struct call *call, const char *name, struct sink **out,
			  struct error *err)
{
	return store_create(inner_of(base), call, name, out, err);
}

static enum status look(struct store *base, const struct call *call, const char *name, struct object_info *out,
			struct error *err)
{
	return store_stat(inner_of(base), call, name, out, err);
}

static enum status list(struct store *base, const struct call *call, const char *prefix, store_list_fn each, void *arg,
			struct error *err)
{
	return store_list(inner_of(base), call, prefix, each, arg, err);
}

static enum status remove_many(struct store *base, const struct call *call, const struct store_removal *removal,
			       struct error *err)
{
	return store_remove_many(inner_of(base), call, removal, err);
}

static void free_store(struct store *base)
{
	struct failover_store *store = (struct failover_store *)base;
	repository_fini(&store->mirror);
	store_free(store->inner);
	free(store);
}

static const struct store_ops ops = {.abilities = 0,
				     .create = create,
				     .read = read_whole,
				     .read_ranges = read_ranges,
				     .stat = look,
				     .list = list,
				     .remove = remove_many,
				     .free = free_store};

static enum status wrap(void *arg, struct store *inner, struct store **out, struct error *err)
{
	struct failover_store *store = calloc(1, sizeof *store);
	if (store == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	store->store.ops = &ops;
	store->inner = inner;
	store->failover = arg;
	*out = &store->store;
	return STATUS_OK;
}

void failover_init(struct failover *failover)
{
	(void)pthread_mutex_init(&failover->mutex, NULL);
	failover->wrapper = (struct repository_wrapper){wrap, failover};
}

void failover_fini(struct failover *failover)
{
	(void)pthread_mutex_destroy(&failover->mutex);
}

enum status failover_attach(struct failover *failover, struct repository *repo, struct error *err)
{
	return repository_wrap(repo, &failover->wrapper, err);
}
