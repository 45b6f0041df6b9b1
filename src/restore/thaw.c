#include "restore/thaw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "console/measure.h"
#include "console/print.h"
#include "console/progress.h"

/*
 * The store takes minutes to days. The first looks are quick, because the copies may be about to appear: an earlier
 * call may have requested them. A nap is short, so that the watchdog sees that the call is alive.
 */
#define LOOK_FIRST_MS 1000
#define LOOK_MOST_MS 300000
#define NAP_MS 1000

#define CLASSES_MAX 2 /* GLACIER, DEEP_ARCHIVE */

struct class_count {
	const char *name;
	uint64_t objects, bytes;
};

/* Of one walk. */
struct archived {
	const struct thaw *thaw;
	const struct thaw_need *need;
	struct class_count classes[CLASSES_MAX];
	uint64_t objects, bytes, asked;
	char first[OBJECT_NAME_MAX + 1]; /* "": none */
	struct progress *progress;
};

static void count(struct archived *archived, const struct object_info *info)
{
	size_t i = 0;
	while (i + 1 < CLASSES_MAX && archived->classes[i].name != NULL &&
	       strcmp(archived->classes[i].name, info->archive_class) != 0)
		i++;
	archived->classes[i].name = info->archive_class;
	archived->classes[i].objects++;
	archived->classes[i].bytes += info->bytes;
	archived->objects++;
	archived->bytes += info->bytes;
	if (archived->first[0] == '\0')
		(void)snprintf(archived->first, sizeof archived->first, "%s", info->name);
}

static enum status on_archived(void *arg, const struct object_info *info, struct error *err)
{
	(void)err;
	count(arg, info);
	return STATUS_OK;
}

static enum status ask(void *arg, const struct object_info *info, struct error *err)
{
	struct archived *archived = arg;
	const struct thaw_need *need = archived->need;
	count(archived, info);
	if (progress_is_due(archived->progress))
		progress_show(archived->progress, "%" PRIu64 " objects requested", archived->objects);
	if (info->thawing)
		return STATUS_OK;
	archived->asked++;
	return store_thaw(need->looks->store, need->call, info->name, &archived->thaw->settings->request, err);
}

/* "3 objects (40.0 MiB) in DEEP_ARCHIVE, 1 object (16 B) in GLACIER" */
static enum status describe(struct buffer *out, const struct archived *archived, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < CLASSES_MAX && archived->classes[i].name != NULL; i++) {
		const struct class_count *class = &archived->classes[i];
		char bytes[MEASURE_MAX];
		measure_bytes(class->bytes, bytes);
		st = buffer_printf(out, err, "%s%" PRIu64 " object%s (%s) in %s", i > 0 ? ", " : "", class->objects,
				   class->objects == 1 ? "" : "s", bytes, class->name);
	}
	return st;
}

static enum status refuse(const struct archived *archived, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	enum status st = describe(&text, archived, err);
	if (st)
		return st;
	(void)error_set(err, STATUS_UNREACHABLE,
			"the restore needs objects in an archive storage class: %s; the first is %s",
			buffer_text(&text), archived->first);
	return error_hint(err, STATUS_UNREACHABLE,
			  "walship restore --thaw requests readable copies and waits for them: up to 12 hours from "
			  "DEEP_ARCHIVE, with thaw-tier = Bulk up to 48");
}

/* Amazon S3 API reference, RestoreObject: Expedited is not available for objects in DEEP_ARCHIVE. */
static enum status check_tier(const struct archived *archived, struct error *err)
{
	for (size_t i = 0; i < CLASSES_MAX && archived->classes[i].name != NULL; i++)
		if (strcmp(archived->thaw->settings->request.tier, "Expedited") == 0 &&
		    strcmp(archived->classes[i].name, "DEEP_ARCHIVE") == 0)
			return error_hint(err,
					  error_set(err, STATUS_USAGE, "DEEP_ARCHIVE has no thaw-tier Expedited: %s",
						    archived->first),
					  "set thaw-tier = Standard");
	return STATUS_OK;
}

static enum status print_json_plan(const struct archived *archived, struct error *err)
{
	json_t *classes = json_array();
	for (size_t i = 0; classes != NULL && i < CLASSES_MAX && archived->classes[i].name != NULL; i++) {
		const struct class_count *class = &archived->classes[i];
		(void)json_array_append_new(classes,
					    json_pack("{s:s, s:I, s:I}", "storage_class", class->name, "objects",
						      (json_int_t) class->objects, "bytes", (json_int_t) class->bytes));
	}
	const struct store_thaw *request = &archived->thaw->settings->request;
	return print_json(archived->thaw->console,
			  json_pack("{s:s, s:b, s:I, s:I, s:o, s:s, s:i}", "kind", "thaw", "dry_run", 1, "objects",
				    (json_int_t)archived->objects, "bytes", (json_int_t)archived->bytes, "classes",
				    classes, "tier", request->tier, "days", (int)request->days),
			  err);
}

static enum status print_plan(const struct archived *archived, struct error *err)
{
	const struct thaw *thaw = archived->thaw;
	CLEANUP(buffer_fini) struct buffer text = {0};
	if (thaw->json)
		return thaw->dry_run ? print_json_plan(archived, err) : STATUS_OK;
	enum status st = buffer_printf(&text, err, "thaw       ");
	if (!st)
		st = describe(&text, archived, err);
	if (!st)
		st = buffer_printf(&text, err, ": copies for %u day%s, tier %s\n", thaw->settings->request.days,
				   thaw->settings->request.days == 1 ? "" : "s", thaw->settings->request.tier);
	return st ? st : print_text(thaw->console, &text, err);
}

/* Waits until the copy of this object is there, or until the deadline. */
static enum status wait_for(struct archived *archived, int64_t began_ms, struct error *err)
{
	const struct thaw_need *need = archived->need;
	const struct clock *clock = need->call->clock;
	int64_t end_ms = began_ms + archived->thaw->settings->timeout_ms, wait_ms = LOOK_FIRST_MS;
	char since[MEASURE_MAX], bytes[MEASURE_MAX];
	measure_bytes(archived->bytes, bytes);
	for (;; wait_ms = wait_ms * 2 < LOOK_MOST_MS ? wait_ms * 2 : LOOK_MOST_MS) {
		struct object_info info;
		struct call step = call_step(need->call);
		enum status st = store_stat(need->looks->store, &step, archived->first, &info, err);
		/* An object that has gone is the restore's matter. */
		if (st == STATUS_MISSING || (!st && !info.archived))
			return STATUS_OK;
		if (st)
			return st;
		int64_t next_ms = clock_monotonic_ms(clock) + wait_ms;
		for (int64_t now_ms; (now_ms = clock_monotonic_ms(clock)) < next_ms;) {
			if (now_ms >= end_ms)
				return STATUS_MISSING;
			measure_seconds((now_ms - began_ms) / 1000, since);
			progress_show(archived->progress, "waiting for %" PRIu64 " objects (%s) since %s",
				      archived->objects, bytes, since);
			(void)call_step(need->call);
			clock_sleep_ms(clock, next_ms - now_ms < NAP_MS ? next_ms - now_ms : NAP_MS);
		}
	}
}

static enum status time_out(const struct archived *archived, struct error *err)
{
	(void)error_set(err, STATUS_UNREACHABLE,
			"thaw-timeout has passed, and %" PRIu64 " objects are still in an archive storage class; the "
			"first is %s",
			archived->objects, archived->first);
	return error_hint(err, STATUS_UNREACHABLE,
			  "the requests remain: call walship restore --thaw again, which goes on to wait");
}

/*
 * Asks for the objects that are archived, waits for the first of them, and looks again: copies that were requested
 * together appear together. Nothing is remembered, so a call that was killed is simply repeated.
 */
static enum status ask_and_wait(struct archived *archived, struct error *err)
{
	int64_t began_ms = clock_monotonic_ms(archived->need->call->clock);
	for (;;) {
		*archived =
		    (struct archived){.thaw = archived->thaw, .need = archived->need, .progress = archived->progress};
		enum status st = thaw_need_walk(archived->need, true, ask, archived, err);
		if (st || archived->objects == 0)
			return st;
		log_line(archived->need->call->log, LEVEL_INFO,
			 "waiting for %" PRIu64 " objects in an archive storage class, %" PRIu64
			 " of them requested now",
			 archived->objects, archived->asked);
		st = wait_for(archived, began_ms, err);
		if (st == STATUS_MISSING)
			return time_out(archived, err);
		if (st)
			return st;
	}
}

enum status thaw_run(const struct thaw *thaw, const struct thaw_need *need, bool *stopped, struct error *err)
{
	struct progress progress;
	struct archived archived = {.thaw = thaw, .need = need, .progress = &progress};
	*stopped = false;
	enum status st = thaw_need_walk(need, false, on_archived, &archived, err);
	if (st || archived.objects == 0)
		return st;
	if (!thaw->settings->asks)
		return refuse(&archived, err);
	st = check_tier(&archived, err);
	if (!st)
		st = print_plan(&archived, err);
	*stopped = thaw->dry_run;
	if (st || thaw->dry_run)
		return st;
	progress_begin(&progress, thaw->console->terminal_fd, need->call->clock);
	st = ask_and_wait(&archived, err);
	progress_clear(&progress);
	return st;
}
