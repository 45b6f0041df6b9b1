#include "support/made_backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "catalog/begun.h"
#include "catalog/index_line.h"
#include "catalog/pack_table.h"
#include "format/pack.h"
#include "repo/object.h"
#include "support/cmocka.h"

struct making {
	struct repository *repo;
	const struct call *call;
	struct manifest manifest;
	struct pack_table table;
};

static struct error err;

const char *made_backup_object(uint64_t system_id, const char *label, const char *part)
{
	static char names[8][128];
	static unsigned next;
	char *name = names[next++ % 8];
	(void)snprintf(name, sizeof names[0], "%" PRIu64 "/backup/%s/%s", system_id, label, part);
	return name;
}

static void put_pack(struct making *making, uint32_t number, struct pack_place *first)
{
	char name[BACKUP_OBJECT_NAME_MAX];
	uint8_t content[8192];
	struct pack_writer *writer;
	struct pack_place place;
	struct pack_entry entry = {.number = number};
	struct sink *object = NULL;
	const struct repository *repo = making->repo;
	struct pack_params params = {.codec = codec_by_name("gzip"),
				     .level = 1,
				     .key = repo->encrypt ? &repo->keys.keys[0] : NULL,
				     .name = name};
	pack_name(name, &making->manifest, 0, number);
	memset(params.salt, (int)number, sizeof params.salt);
	assert_ok(store_create(repo->store, making->call, name, &object, &err), err);
	assert_ok(pack_writer_new(&writer, &params, object, &err), err);
	for (int i = 0; i < 2; i++) {
		memset(content, i + (int)number, sizeof content);
		assert_ok(pack_writer_add(writer, content, sizeof content, i == 0 ? first : &place, &err), err);
	}
	entry.header = *pack_writer_header(writer);
	assert_ok(pack_writer_close(writer, &object, &entry.bytes, &err), err);
	assert_ok(sink_finish(object, &err), err);
	sink_free(object);
	assert_ok(pack_table_add(&making->table, &entry, &err), err);
	making->manifest.stored_bytes += entry.bytes;
	making->manifest.data_packs++;
}

static void refer(struct making *making, const char *label)
{
	struct pack_entry entry = {.number = 1};
	struct backup_label need;
	struct object_info info;
	size_t len = sizeof entry.header;
	const char *name = made_backup_object(making->manifest.system_id, label, "data/00000001");
	assert_true(backup_label_parse(&need, label));
	assert_ok(manifest_add_need(&making->manifest, &need, &err), err);
	assert_ok(store_stat(making->repo->store, making->call, name, &info, &err), err);
	assert_ok(store_read_first(making->repo->store, making->call, name, &entry.header, &len, &err), err);
	entry.bytes = info.bytes;
	entry.backup = (uint32_t)making->manifest.need_count;
	assert_ok(pack_table_add(&making->table, &entry, &err), err);
}

static struct series_writer series_of(const struct making *making, enum backup_part part)
{
	return (struct series_writer){
	    .series = {making->repo, making->call, making->manifest.system_id, making->manifest.label, part},
	    .settings = {.codec = codec_by_name("gzip"), .level = 1, .threads = 1}};
}

static void put_index(struct making *making, const struct pack_place *place)
{
	CLEANUP(buffer_fini) struct buffer lines = {0};
	const uint64_t hash = 7;
	struct series_writer index = series_of(making, PART_INDEX), hashes = series_of(making, PART_HASHES);
	struct series_writer packs = series_of(making, PART_PACKS);
	const struct index_entry entry = {.mode = 0600, .path = "PG_VERSION", .size = 8192};
	const struct index_run run = {.count = 1, .pack = 1, .frame = *place};
	assert_ok(index_put_entry(&lines, &entry, &err), err);
	assert_ok(index_put_run(&lines, &run, &err), err);
	assert_ok(series_write(&index, lines.data, lines.len, &err), err);
	assert_ok(series_writer_end(&index, &err), err);
	assert_ok(series_write(&hashes, &hash, sizeof hash, &err), err);
	assert_ok(series_writer_end(&hashes, &err), err);
	assert_ok(pack_table_write(&making->table, &packs, &err), err);
	assert_ok(series_writer_end(&packs, &err), err);
	making->manifest.index_objects = index.count;
	making->manifest.index_bytes = index.bytes;
	making->manifest.hashes_objects = hashes.count;
	making->manifest.hashes_bytes = hashes.bytes;
	making->manifest.packs_objects = packs.count;
	making->manifest.packs_bytes = packs.bytes;
}

static void put_content(struct making *making, const struct made_backup *backup)
{
	struct pack_place first = {0}, other;
	char label[BACKUP_LABEL_MAX];
	int len;
	for (const char *at = backup->needs == NULL ? "" : backup->needs; sscanf(at, " %23s%n", label, &len) == 1;
	     at += len)
		refer(making, label);
	for (uint32_t i = 1; i <= (backup->packs == 0 ? 1 : backup->packs); i++)
		put_pack(making, i, i == 1 ? &first : &other);
	put_index(making, &first);
}

static void put_manifest(struct making *making, const struct made_backup *backup)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	struct manifest *manifest = &making->manifest;
	manifest->begun = manifest->label.begun_s;
	manifest->ended = manifest->begun + 60;
	manifest->server_version = 150018;
	manifest->segment_bytes = 16777216;
	manifest->page_bytes = 8192;
	manifest->page_checksums = true;
	manifest->start_timeline = manifest->stop_timeline = backup->timeline == 0 ? 1 : backup->timeline;
	manifest->start_lsn = manifest->checkpoint_lsn = backup->start_lsn;
	manifest->stop_lsn = backup->stop_lsn;
	manifest->files = 1;
	manifest->bytes = manifest->changed_bytes = 8192;
	manifest->wrong_pages = backup->wrong_pages;
	assert_ok(manifest_write(&text, manifest, &err), err);
	assert_ok(object_create(making->repo, making->call,
				made_backup_object(manifest->system_id, backup->label, "manifest"), text.data, text.len,
				&err),
		  err);
}

/* The last one of those that it needs is the parent. */
static void put_begun(const struct making *making, const struct made_backup *backup)
{
	CLEANUP(buffer_fini) struct buffer text = {0};
	struct backup_begun begun = {
	    .label = making->manifest.label, .system_id = making->manifest.system_id, .redo_lsn = backup->start_lsn};
	const char *parent = backup->needs == NULL ? NULL : strrchr(backup->needs, ' ');
	if (backup->needs != NULL)
		assert_true(backup_label_parse(&begun.parent, parent == NULL ? backup->needs : parent + 1));
	assert_ok(backup_begun_write(&text, &begun, 1, &err), err);
	assert_ok(object_create(making->repo, making->call, made_backup_object(begun.system_id, backup->label, "begun"),
				text.data, text.len, &err),
		  err);
}

void made_backup_put(struct repository *repo, const struct call *call, uint64_t system_id,
		     const struct made_backup *backup)
{
	struct making making = {.repo = repo, .call = call, .manifest = {.system_id = system_id}};
	assert_true(backup_label_parse(&making.manifest.label, backup->label));
	put_begun(&making, backup);
	put_content(&making, backup);
	if (!backup->unfinished)
		put_manifest(&making, backup);
	pack_table_fini(&making.table);
	manifest_fini(&making.manifest);
}
