#include "inventory/list.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "catalog/drill_name.h"
#include "catalog/dump_label.h"
#include "console/print.h"
#include "console/progress.h"
#include "pg/wal/name.h"
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

static json_t *json_of(const struct object_info *info)
{
	uint64_t system_id = 0;
	struct wal_name name = {0};
	struct backup_object backup;
	struct dump_object dump;
	struct drill_name drill;
	bool known = wal_object_parse(info->name, &system_id, &name);
	bool is_backup = backup_object_parse(&backup, info->name);
	bool is_dump = dump_object_parse(&dump, info->name);
	bool is_drill = drill_name_parse(&drill, info->name);
	const char *kind = known       ? kind_of(&name)
			   : is_backup ? "base_backup"
			   : is_dump   ? "dump"
			   : is_drill  ? "drill"
				       : "other";
	return json_pack(
	    "{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", kind, "object", print_string(info->name), "bytes",
	    (json_int_t)info->bytes, "stored_time", print_time(info->modified_s), "system_id",
	    print_system_id(known       ? system_id
			    : is_backup ? backup.system_id
			    : is_dump   ? dump.system_id
					: drill.system_id),
	    "timeline", print_integer_if(known, name.timeline), "name", print_string(known ? name.text : NULL), "label",
	    print_string(is_backup ? backup.label.text
			 : is_dump ? dump.label.text
				   : drill.label),
	    "part",
	    print_string(is_backup ? backup_part_name(backup.part)
			 : is_dump ? dump_part_name(dump.part)
				   : NULL));
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
