#include "dump/get.h"

#include <string.h>

#include "base/cleanup.h"
#include "catalog/dump_list.h"
#include "catalog/dump_read.h"
#include "console/print.h"
#include "repo/cluster_ids.h"
#include "stream/terminal_sink.h"
#include "sys/newfile.h"
#include "sys/output.h"

struct getting {
	const struct dump_get *get;
	struct repository repo;
	uint64_t system_id;
	struct dump_list list;
	struct listed_dump *dump;
	const struct dump_item *item;
	struct newfile file;
};

/*
 * Which dump.
 */

static enum status on_label(void *arg, const struct object_info *info, struct error *err)
{
	struct dump_object object;
	if (dump_object_parse(&object, info->name) && object.part == DUMP_MANIFEST)
		*(bool *)arg = true;
	(void)err;
	return STATUS_OK;
}

/* Any dump of the cluster will do where the label is "latest". */
static enum status look_at_cluster(struct getting *getting, uint64_t system_id, struct error *err)
{
	const struct dump_get *get = getting->get;
	struct dump_label label;
	char name[BACKUP_OBJECT_NAME_MAX];
	bool found = false;
	dump_prefix(name, system_id);
	if (dump_label_parse(&label, get->label))
		dump_object_name(name, system_id, &label, DUMP_MANIFEST, 0);
	enum status st = store_list(getting->repo.store, get->call, name, on_label, &found, err);
	if (st || !found)
		return st;
	if (getting->system_id != 0)
		return error_hint(err, error_set(err, STATUS_USAGE, "several clusters have such a dump"),
				  "name the cluster with --system-id; walship dump list shows them");
	getting->system_id = system_id;
	return STATUS_OK;
}

static enum status find_cluster(struct getting *getting, struct error *err)
{
	CLEANUP(cluster_ids_fini) struct cluster_ids clusters = {0};
	struct data_directory directory;
	const struct dump_get *get = getting->get;
	enum status st = cluster_id_find(&get->cluster, NULL, &directory, &getting->system_id, err);
	if (!st && getting->system_id == 0)
		st = cluster_ids_list(&clusters, &getting->repo, get->call, err);
	for (size_t i = 0; !st && i < clusters.count; i++)
		st = look_at_cluster(getting, clusters.ids[i], err);
	if (!st)
		log_about_system(get->call->log, getting->system_id);
	return st;
}

static enum status no_dump(const struct getting *getting, struct error *err)
{
	(void)error_set(err, STATUS_MISSING, "the repository has no dump %s", getting->get->label);
	return error_hint(err, STATUS_MISSING, "walship dump list shows the labels");
}

static enum status find_dump(struct getting *getting, struct error *err)
{
	const struct dump_get *get = getting->get;
	struct dump_label label;
	bool latest = strcmp(get->label, "latest") == 0;
	if (!latest && !dump_label_parse(&label, get->label))
		return error_hint(err, error_set(err, STATUS_USAGE, "'%s' is not the label of a dump", get->label),
				  "a label is like 20261129T020000Z-dump; latest is the newest dump");
	enum status st = find_cluster(getting, err);
	if (!st && getting->system_id == 0)
		return no_dump(getting, err);
	if (!st)
		st = dump_list_read(&getting->list, &getting->repo, get->call, getting->system_id, err);
	if (st)
		return st;
	getting->dump = latest ? dump_list_newest(&getting->list) : dump_list_find(&getting->list, &label);
	if (getting->dump == NULL || !getting->dump->complete)
		return no_dump(getting, err);
	return getting->dump->status == STATUS_OK ? STATUS_OK
						  : error_set(err, getting->dump->status, "%s", getting->dump->error);
}

static enum status find_item(struct getting *getting, struct error *err)
{
	const struct dump_manifest *manifest = &getting->dump->manifest;
	const char *name = getting->get->database;
	getting->item = name == NULL ? dump_manifest_globals(manifest) : dump_manifest_find(manifest, name);
	if (getting->item != NULL)
		return STATUS_OK;
	(void)error_set(err, STATUS_MISSING, "dump %s has no '%s'", getting->dump->label.text,
			name == NULL ? DUMP_GLOBALS_NAME : name);
	return error_hint(err, STATUS_MISSING, "walship dump list shows the databases of each dump");
}

/*
 * The content.
 */

struct output_sink {
	struct sink sink;
	struct getting *getting;
};

static enum status take_content(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct getting *getting = ((struct output_sink *)sink)->getting;
	const struct dump_get *get = getting->get;
	if (get->file != NULL)
		return newfile_write(&getting->file, data, len, err);
	if (get->sha256)
		return STATUS_OK;
	if (get->console->verified != NULL)
		get->console->verified();
	return output_write(get->console->out_fd, "to standard output", data, len, err);
}

static const struct sink_ops output_ops = {take_content, terminal_sink_finish, terminal_sink_free};

static enum status copy_item(struct getting *getting, struct error *err)
{
	struct output_sink out = {{&output_ops}, getting};
	struct dump_reading reading = {.repo = &getting->repo,
				       .call = getting->get->call,
				       .system_id = getting->system_id,
				       .label = &getting->dump->label,
				       .threads = getting->get->threads};
	enum status st = dump_item_read(&reading, getting->item, &out.sink, err);
	if (st == STATUS_EXISTS)
		(void)error_hint(err, st, "restore the object from its archive storage class first");
	if (st == STATUS_DAMAGED)
		(void)error_hint(err, st, "take an earlier dump, or another copy of this one (walship mirror)");
	return st;
}

/*
 * The end.
 */

/* As sha256sum prints it: "-" is standard input. */
static enum status print_sum(const struct getting *getting, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	const char *file = getting->get->file;
	enum status st = buffer_printf(&text, err, "%s  %s\n", getting->item->sha256, file == NULL ? "-" : file);
	return st ? st : print_text(getting->get->console, &text, err);
}

static enum status open_file(struct getting *getting, struct error *err)
{
	const struct dump_get *get = getting->get;
	if (get->file == NULL && !get->sha256 && get->console->out_is_terminal && !getting->item->plain)
		return error_hint(err, error_set(err, STATUS_USAGE, "standard output is a terminal"),
				  "name a file, or pipe the dump into pg_restore");
	enum status st = get->file == NULL ? STATUS_OK : newfile_open(&getting->file, get->file, 0600, err);
	return st == STATUS_MISSING ? STATUS_LOCAL : st;
}

static enum status publish(struct getting *getting, struct error *err)
{
	if (getting->get->file == NULL)
		return STATUS_OK;
	enum status st = newfile_create(&getting->file, err);
	if (st != STATUS_EXISTS)
		return st;
	(void)error_set(err, STATUS_LOCAL, "%s exists", getting->get->file);
	return error_hint(err, STATUS_LOCAL, "dump get never replaces a file: name another one, or remove it");
}

enum status dump_get_run(const struct dump_get *get, struct error *err)
{
	struct getting getting = {.get = get};
	enum status st = repository_open(&getting.repo, get->repository, get->call, err);
	if (!st)
		st = find_dump(&getting, err);
	if (!st)
		st = find_item(&getting, err);
	if (!st)
		st = open_file(&getting, err);
	if (!st)
		st = copy_item(&getting, err);
	if (!st)
		st = publish(&getting, err);
	if (!st && get->sha256)
		st = print_sum(&getting, err);
	newfile_fini(&getting.file);
	dump_list_fini(&getting.list);
	repository_fini(&getting.repo);
	return st;
}
