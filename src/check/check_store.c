/* walship check: tests the real behaviour of the store, with an object of its own. */
#include "check/check.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/object_name.h"
#include "stream/terminal_sink.h"
#include "text/hex.h"

#define RANDOM_BYTES 8
#define CONTENT_MAX 1024 /* of an object read back; the written one is shorter */
#define NAME_SIZE (CHECK_PLACE_MAX + sizeof OBJECT_NAME_OF_CHECK + 2 * RANDOM_BYTES)
#define LOOK_HINT "set s3-no-replace = look, or use a store that honors If-None-Match on PutObject"

struct probe {
	const struct repository *repo;
	struct store *store;     /* of repo */
	const struct call *call; /* of the current step */
	struct check_place place;
	char name[NAME_SIZE];
	bool looks_first;       /* s3-no-replace = look, or only a look found the object */
	const char *first;      /* the content that must stay */
	struct buffer *content; /* of the object read back */
	bool listed;
};

static enum status put(struct probe *probe, const char *content, struct error *err)
{
	struct sink *sink = NULL;
	enum status st = store_create(probe->store, probe->call, probe->name, &sink, err);
	if (!st)
		st = sink_write(sink, content, strlen(content), err);
	if (!st)
		st = sink_finish(sink, err);
	sink_free(sink);
	return st;
}

static enum status create(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct probe *probe = arg;
	(void)finding;
	probe->call = call;
	return put(probe, probe->first, err);
}

static enum status look(struct probe *probe, struct error *err)
{
	struct buffer_sink content = terminal_sink_buffer(probe->content, CONTENT_MAX);
	buffer_clear(probe->content);
	enum status st = store_read(probe->store, probe->call, probe->name, &content.sink, err);
	if (!st && strcmp(buffer_text(probe->content), probe->first) != 0)
		st = error_set(err, STATUS_DAMAGED, "the object read back differs from the object written: '%.40s'",
			       buffer_text(probe->content));
	return st;
}

static enum status read_back(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct probe *probe = arg;
	(void)finding;
	probe->call = call;
	return look(probe, err);
}

/* The one guarantee that only the store can give. */
static enum status not_replaced(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct probe *probe = arg;
	probe->call = call;
	enum status st = put(probe, "another content", err);
	if (st == STATUS_EXISTS)
		st = look(probe, err);
	else if (!st)
		st = error_set(err, STATUS_CONFLICT,
			       "the store accepted another object of the same name: it ignores the condition");
	else
		return st;
	/* A look found the object, which proves nothing for two concurrent writers. */
	if (!st && !store_can(probe->store, STORE_CREATES_ONCE)) {
		probe->looks_first = true;
		st = error_set(err, STATUS_CONFLICT, "libs3 cannot send the condition that prevents replacement");
	}
	if (st != STATUS_CONFLICT)
		return st;
	/* A shortcoming that the configuration expects is a warning. */
	finding->optional = probe->looks_first;
	return error_hint(err, st, "%s",
			  probe->looks_first ? "a look before each upload stops a single writer; two writers at "
					       "once could both win"
					     : LOOK_HINT);
}

/* Recovery ends only at a definite "missing": 403 is not the end of the WAL. */
static enum status says_missing(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct probe *probe = arg;
	(void)finding;
	struct buffer_sink content = terminal_sink_buffer(probe->content, CONTENT_MAX);
	char name[NAME_SIZE + sizeof "-none"];
	(void)snprintf(name, sizeof name, "%s-none", probe->name);
	buffer_clear(probe->content);
	enum status st = store_read(probe->store, call, name, &content.sink, err);
	if (st == STATUS_MISSING)
		return STATUS_OK;
	return st ? st
		  : error_set(err, STATUS_DAMAGED, "the store returns an object that walship never wrote: %s", name);
}

static enum status note(void *arg, const struct object_info *info, struct error *err)
{
	struct probe *probe = arg;
	(void)err;
	probe->listed |= strcmp(info->name, probe->name) == 0;
	return STATUS_OK;
}

static enum status list_it(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct probe *probe = arg;
	finding->optional = true;
	enum status st = store_list(probe->store, call, probe->name, note, probe, err);
	return st || probe->listed ? st : error_set(err, STATUS_DAMAGED, "the listing does not contain the new object");
}

static enum status remove_it(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	struct probe *probe = arg;
	finding->optional = true;
	enum status st = store_remove(probe->store, call, probe->name, err);
	return st ? error_hint(err, st, "the test object %s stays in the repository", probe->name) : STATUS_OK;
}

static enum status write_a_segment(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct probe *probe = arg;
	char name[NAME_SIZE + sizeof "-room"];
	(void)snprintf(name, sizeof name, "%s-room", probe->name);
	return check_room(probe->repo, call, name, finding, err);
}

/* Tests what a read or a write of one object does not show: the other files of the repository. */
static enum status use_every_file(void *arg, const struct call *call, struct finding *finding, struct error *err)
{
	const struct probe *probe = arg;
	enum status st = store_examine(probe->store, call, probe->place.cluster, err);
	/* A network file system may be slow with a million files. */
	finding->optional = call_left_ms(call) == 0;
	return st;
}

static const struct step {
	const char *what;
	check_fn run;
} steps[] = {
    {"create an object", create},
    {"read it back", read_back},
    {"never replace it", not_replaced},
    {"say what is missing", says_missing},
    {"list it", list_it},
    {"remove it", remove_it},
    /* Of directories only. */
    {"write a segment", write_a_segment},
    {"use every file", use_every_file},
};
#define DIRECTORY_STEPS 2 /* the last ones */

unsigned check_store_steps(const struct store *store)
{
	size_t all = sizeof steps / sizeof steps[0];
	return (unsigned)(store_can(store, STORE_EXAMINES) ? all : all - DIRECTORY_STEPS);
}

static enum status name_probe(struct probe *probe, const struct check_store *check, const struct call *call,
			      struct error *err)
{
	uint8_t bits[RANDOM_BYTES];
	char digits[2 * RANDOM_BYTES + 1];
	enum status st = random_fill(call->random, bits, sizeof bits, err);
	if (st)
		return st;
	check_place_find(&probe->place, check, call);
	hex_encode(digits, bits, sizeof bits);
	(void)snprintf(probe->name, sizeof probe->name, "%s" OBJECT_NAME_OF_CHECK "%s", probe->place.next, digits);
	return STATUS_OK;
}

enum status check_store(struct checklist *list, const struct check_store *check, bool *usable, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer content = {0};
	struct probe probe = {.repo = check->repo,
			      .store = check->repo->store,
			      .looks_first = check->looks_first,
			      .first = "written by walship check",
			      .content = &content};
	enum status st = name_probe(&probe, check, list->console->call, err);
	*usable = true;
	for (size_t i = 0; !st && i < check_store_steps(check->repo->store); i++) {
		bool passed;
		st = checklist_run(list, steps[i].what, steps[i].run, &probe, &passed, err);
		*usable &= passed;
		/* The other steps need the object. */
		if (!passed && i == 0)
			break;
	}
	return st;
}
