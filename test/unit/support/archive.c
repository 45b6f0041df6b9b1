#include "archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/wal/name.h"
#include "stream/codec/codec.h"
#include "support/memory_store.h"
#include "support/segment.h"

struct control {
	uint64_t system_id;
	uint32_t version;
	uint32_t catalog;
};

static void put_control(struct archive *archive)
{
	struct control control = {ARCHIVE_SYSTEM_ID, 1300, 202209061};
	scratch_put(&archive->dir, "data/global/pg_control", &control, sizeof control, 0600);
}

void archive_init(struct archive *archive)
{
	struct secret key = {0};
	*archive = (struct archive){0};
	scratch_init(&archive->dir);
	world_init(&archive->world);
	archive->store = memory_store_open();
	put_control(archive);
	scratch_put(&archive->dir, "data/pg_wal/archive_status/x", "", 0, 0600);
	scratch_put(&archive->dir, "out/x", "", 0, 0600);
	if (secret_set(&key, "0123456789abcdef0123456789abcdef", REPOSITORY_KEY_BYTES, &archive->err) ||
	    keyring_add(&archive->keys, &key, &archive->err))
		abort();
	secret_fini(&key);
}

void archive_fini(struct archive *archive)
{
	keyring_fini(&archive->keys);
	store_free(archive->store);
	world_fini(&archive->world);
	scratch_fini(&archive->dir);
}

static void put_segment(struct archive *archive, const char *path, const struct wal_name *name, unsigned seed)
{
	static uint8_t content[ARCHIVE_SEGMENT_BYTES];
	struct segment_header header =
	    segment_header_make(name->timeline, name->log, name->segment, ARCHIVE_SEGMENT_BYTES);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = i / 4096 % 3 ? (uint8_t)seed : (uint8_t)((i + seed) * 2654435761u >> 15);
	memcpy(content, &header, sizeof header);
	scratch_put(&archive->dir, path, content, sizeof content, 0600);
}

void archive_put_wal(struct archive *archive, const char *text, unsigned seed)
{
	struct wal_name name;
	char path[128];
	char content[128];
	if (wal_name_parse(&name, text, &archive->err))
		abort();
	(void)snprintf(path, sizeof path, "data/pg_wal/%s", text);
	if (name.kind == WAL_SEGMENT || name.kind == WAL_PARTIAL) {
		put_segment(archive, path, &name, seed);
		return;
	}
	(void)snprintf(content, sizeof content,
		       name.kind == WAL_HISTORY ? "1\t0/%X\tx\n" : "START WAL LOCATION: 0/%X (file x)\n", seed);
	scratch_put(&archive->dir, path, content, strlen(content), 0600);
}

enum status archive_push(struct archive *archive, const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "data/pg_wal/%s", name);
	struct push push = {
	    .store = archive->store,
	    .call = &archive->world.call,
	    .codec = codec_by_name("gzip"),
	    .level = 6,
	    .key = &archive->keys.keys[0],
	    .keys = &archive->keys,
	    .compare_ms = archive->compare_ms,
	    .path = scratch_path(&archive->dir, path),
	};
	return push_file(&push, &archive->err);
}

enum status archive_fetch(struct archive *archive, const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "out/%s", name);
	struct fetch fetch = {
	    .store = archive->store,
	    .call = &archive->world.call,
	    .keys = &archive->keys,
	    .name = name,
	    .system_id = ARCHIVE_SYSTEM_ID,
	};
	return fetch_file(&fetch, scratch_path(&archive->dir, path), &archive->err);
}
