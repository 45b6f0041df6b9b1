#include "inventory/backup_cat.h"

#include "base/cleanup.h"
#include "catalog/drill_name.h"
#include "catalog/dump_manifest.h"
#include "catalog/series.h"
#include "repo/object.h"
#include "sys/output.h"

bool backup_cat_takes(const char *name)
{
	struct backup_object object;
	struct dump_object dump;
	struct drill_name drill;
	return backup_object_parse(&object, name) || dump_object_parse(&dump, name) || drill_name_parse(&drill, name);
}

enum status backup_cat(const struct repository_settings *settings, const struct console *console, const char *name,
		       struct error *err)
{
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(buffer_fini) struct buffer content = {.max = SERIES_OBJECT_MAX};
	struct backup_object object;
	if (backup_object_parse(&object, name) && object.part == PART_DATA) {
		(void)error_set(err, STATUS_USAGE,
				"a pack has no content of its own: the index says what its parts are");
		return error_hint(err, STATUS_USAGE, "walship restore puts the files together");
	}
	struct dump_object dump;
	if (dump_object_parse(&dump, name) && dump.part == DUMP_DATA)
		return error_hint(err, error_set(err, STATUS_USAGE, "a database's dump may be in several objects"),
				  "walship dump get %s DATABASE puts them together", dump.label.text);
	if (dump_object_parse(&dump, name))
		content.max = DUMP_MANIFEST_BYTES_MAX;
	enum status st = repository_open(&repo, settings, console->call, err);
	if (!st)
		st = object_read(&repo, console->call, name, &content, NULL, err);
	if (st == STATUS_MISSING)
		return error_hint(err, error_set(err, st, "no such object in the repository"),
				  "walship list shows the names");
	if (st)
		return st;
	/* A pager may be slow. The bytes are written as they are: print_text would replace tabs. */
	if (console->verified != NULL)
		console->verified();
	return output_write(console->out_fd, "to standard output", content.data, content.len, err);
}
