#include "inventory/list.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "catalog/drill_name.h"
#include "catalog/dump_label.h"
#include "console/print.h"
#include "console/progress.h"
#include "pg/wal/part_name.h"
#include "repo/repository.h"

#define LINES_BYTES (64UL * 1024) /* printed at once */

struct listing {
	const struct list_params *params;
	struct progress progress;
	struct buffer lines;
	uint64_t objects;
};

static const char *kind_of(const struct wal_name *name)
{
	static const char *const kinds[] = {
	    [WAL_SEGMENT] = "segment", [WAL_PARTIAL] = "partial", [WAL_BACKUP] = "backup", [WAL_HISTORY] = "history"};
	return kinds[name->kind];
}

/* What an object's name says. "other" for names that are not walship's. */
struct described {
	const char *kind;
	uint64_t system_id;
	uint32_t timeline; /* 0: none */
	char name[WAL_NAME_MAX];
	char label[BACKUP_LABEL_MAX];
	const char *part;
};

static bool describe_wal(struct described *out, const char *object)
{
	struct wal_name name;
	struct wal_part part;
	if (wal_part_parse(object, &out->system_id, &part)) {
		out->kind = "stream";
		name = part.segment;
	} else if (wal_object_parse(object, &out->system_id, &name)) {
		out->kind = kind_of(&name);
	} else {
		return false;
	}
	out->timeline = name.timeline;
	(void)snprintf(out->name, sizeof out->name, "%s", name.text);
	return true;
}

static void describe(struct described *out, const char *object)
{
	struct backup_object backup;
	struct dump_object dump;
	struct drill_name drill;
	*out = (struct described){.kind = "other"};
	if (describe_wal(out, object))
		return;
	out->system_id = 0;
	if (backup_object_parse(&backup, object)) {
		*out = (struct described){
		    .kind = "base_backup", .system_id = backup.system_id, .part = backup_part_name(backup.part)};
		(void)snprintf(out->label, sizeof out->label, "%s", backup.label.text);
	} else if (dump_object_parse(&dump, object)) {
		*out =
		    (struct described){.kind = "dump", .system_id = dump.system_id, .part = dump_part_name(dump.part)};
		(void)snprintf(out->label, sizeof out->label, "%s", dump.label.text);
	} else if (drill_name_parse(&drill, object)) {
		*out = (struct described){.kind = "drill", .system_id = drill.system_id};
		(void)snprintf(out->label, sizeof out->label, "%s", drill.label);
	}
}

static json_t *json_of(const struct object_info *info)
{
	struct described described;
	describe(&described, info->name);
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", described.kind, "object",
			 print_string(info->name), "bytes", (json_int_t)info->bytes, "stored_time",
			 print_time(info->modified_s), "system_id", print_system_id(described.system_id), "timeline",
			 print_integer_if(described.timeline != 0, described.timeline), "name",
			 print_string(described.name), "label", print_string(described.label), "part",
			 print_string(described.part));
}

/* A newline in a name does not begin another line. */
static enum status show_line(struct buffer *lines, const char *time, const struct object_info *info, struct error *err)
{
	size_t from = lines->len;
	enum status st = buffer_printf(lines, err, "%s %12" PRIu64 " %s", time, info->bytes, info->name);
	for (size_t i = from; !st && i < lines->len; i++)
		if (lines->data[i] == '\n')
			lines->data[i] = '?';
	return st ? st : buffer_append(lines, "\n", 1, err);
}

static enum status add_line(struct listing *listing, const struct object_info *info, struct error *err)
{
	char time[UTC_TEXT_SIZE];
	if (listing->params->json)
		return print_line(&listing->lines, json_of(info), err);
	utc_text(info->modified_s, time);
	return show_line(&listing->lines, time, info, err);
}

static enum status on_object(void *arg, const struct object_info *info, struct error *err)
{
	struct listing *listing = arg;
	listing->objects++;
	if (progress_is_due(&listing->progress))
		progress_show(&listing->progress, "%" PRIu64 " objects", listing->objects);
	enum status st = add_line(listing, info, err);
	return st || listing->lines.len < LINES_BYTES ? st : print_text(listing->params->console, &listing->lines, err);
}

enum status list_objects(const struct list_params *params, struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	struct listing listing = {.params = params};
	const char *prefix = params->prefix == NULL ? "" : params->prefix;
	/* On a terminal the lines themselves show the progress. */
	progress_begin(&listing.progress, params->console->out_is_terminal ? 0 : params->console->terminal_fd,
		       params->call->clock);
	enum status st = repository_open(&repo, params->settings, params->call, err);
	if (!st)
		st = store_list(repo.store, params->call, prefix, on_object, &listing, err);
	progress_clear(&listing.progress);
	if (!st && listing.lines.len > 0)
		st = print_text(params->console, &listing.lines, err);
	buffer_fini(&listing.lines);
	return st;
}
