#include "support/stored_backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/content.h"
#include "base/cleanup.h"
#include "base/crc32c.h"
#include "pg/data/control_file.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "text/hex.h"

#define CRC_AT 288

static struct error err;

void stored_backup_repository(struct repository *repo, struct repository_settings *settings, const struct call *call)
{
	static const char key[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	static char url[128], key_path[128];
	scratch_put(&test_dir, "key", key, sizeof key - 1, 0600);
	scratch_put(&test_dir, "repo/x", "", 0, 0600);
	(void)snprintf(url, sizeof url, "file://%s/repo", test_dir.path);
	(void)snprintf(key_path, sizeof key_path, "%s/key", test_dir.path);
	*settings = (struct repository_settings){.url = url, .encrypt = true, .key_count = 1};
	settings->keys[0] = (struct secret_source){SECRET_FILE, "cipher-key-file", key_path};
	memset(repo, 0, sizeof *repo);
	assert_ok(repository_open(repo, settings, call, &err), err);
}

/* Digits of a pg_control: the zeros behind the CRC are left out. */
static char *make_control(void)
{
	uint8_t content[CRC_AT + sizeof(uint32_t)];
	char digits[2 * sizeof content + 1];
	struct crc32c crc32c;
	crc32c_init(&crc32c);
	for (size_t i = 0; i < CRC_AT; i++)
		content[i] = (uint8_t)(i * 7);
	uint32_t crc = crc32c_end(crc32c_add(&crc32c, CRC32C_BEGIN, content, CRC_AT));
	memcpy(content + CRC_AT, &crc, sizeof crc);
	hex_encode(digits, content, sizeof content);
	return strdup(digits);
}

void stored_backup_describe(struct manifest *manifest, const struct manifest *parent, int64_t begun_s)
{
	memset(manifest, 0, sizeof *manifest);
	manifest->system_id = STORED_BACKUP_SYSTEM_ID;
	manifest->begun = begun_s;
	manifest->server_version = 150018;
	manifest->catalog_version = 202209061;
	manifest->page_bytes = 8192;
	manifest->directory_mode = 0700;
	manifest->hash_seed = strdup("0900000000000000000000000000000000000000000000000000000000000000");
	manifest->backup_label = strdup("START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n");
	manifest->pg_control = make_control();
	assert_true(backup_label_make(&manifest->label, begun_s, parent == NULL ? BACKUP_FULL : BACKUP_INCR));
	for (size_t i = 0; parent != NULL && i < parent->need_count; i++)
		assert_ok(manifest_add_need(manifest, &parent->needs[i], &err), err);
	if (parent != NULL)
		assert_ok(manifest_add_need(manifest, &parent->label, &err), err);
}

static enum status no_tick(void *arg, const struct content_figures *figures, struct error *error)
{
	(void)arg, (void)figures, (void)error;
	return STATUS_OK;
}

void stored_backup_make(struct repository *repo, const struct call *call, const struct manifest *parent,
			struct manifest *manifest)
{
	const struct include include = {0};
	char directory[128];
	(void)snprintf(directory, sizeof directory, "%s/data", test_dir.path);
	CLEANUP(fd_closep) int data = open(directory, O_RDONLY | O_DIRECTORY);
	const struct content_settings settings = {
	    .repo = repo,
	    .call = call,
	    .tree = {.data_directory = directory, .tablespace_version = STORED_BACKUP_VERSION},
	    .directory = data,
	    .include = &include,
	    .parent = parent,
	    .read_all = true,
	    .threads = 2,
	    .packs = 3,
	    .pack_bytes = 256UL * 1024,
	    .tick = no_tick,
	    .object = {.codec = codec_by_name("gzip"), .level = 1, .threads = 1},
	};
	assert_ok(content_store(&settings, manifest, &err), err);
}
