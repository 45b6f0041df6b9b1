/*
 * The suite of all stores against a real S3 server, which the environment names (test/harness/with-radosgw sets it):
 * TEST_S3_ENDPOINT, TEST_S3_BUCKET, TEST_S3_KEY, TEST_S3_KEY_SECRET, TEST_S3_REGION, TEST_S3_CA_FILE. Skipped
 * without them. With the argument "own", what the suite cannot know: parts, pages, refusals. With "libs3",
 * the suite with that client, over TEST_S3_ENDPOINT_HTTP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/s3/libs3.h"
#include "store/s3/s3.h"
#include "store/s3/s3_private.h"
#include "suite.h"
#include "support/cmocka.h"
#include "support/collect.h"

static struct credentials credentials;
static struct s3_options options;
static char prefix[64];
static struct call call = {.clock = &system_clock, .random = &system_random};
static struct error err;
static bool use_libs3;

static struct store *open_store(void *arg)
{
	struct store *store = NULL;
	(void)arg;
	call.deadline_ms = clock_monotonic_ms(&system_clock) + 60000;
	enum status st = use_libs3 ? libs3_store_open(&options, &store, &err) : s3_store_open(&options, &store, &err);
	assert_ok(st, err);
	return store;
}

static enum status put(struct store *store, const char *name, const char *data, size_t len)
{
	struct sink *writer = NULL;
	enum status st = store_create(store, &call, name, &writer, &err);
	if (!st)
		st = sink_write(writer, data, len, &err);
	if (!st)
		st = sink_finish(writer, &err);
	sink_free(writer);
	return st;
}

/* Parts of 5 MiB: two whole ones and a rest; then exactly one; and no second object of the name. */
static void writes_large_objects_in_parts(void **state)
{
	(void)state;
	static const size_t sizes[] = {2 * S3_PART_BYTES_MIN + 7, S3_PART_BYTES_MIN};
	struct store *store = open_store(NULL);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct collect state_of = {0};
		struct sink *sink = collect_new(&state_of);
		char *data = test_malloc(sizes[i]);
		for (size_t j = 0; j < sizes[i]; j++)
			data[j] = (char)(j * 2654435761u >> 11);
		enum status st = put(store, "x/large", data, sizes[i]);
		assert_ok(st, err);
		assert_int_equal(put(store, "x/large", data, sizes[i]), STATUS_EXISTS);
		st = store_read(store, &call, "x/large", sink, &err);
		assert_ok(st, err);
		assert_int_equal(state_of.bytes.len, sizes[i]);
		assert_memory_equal(state_of.bytes.data, data, sizes[i]);
		st = store_remove(store, &call, "x/large", &err);
		assert_ok(st, err);
		sink_free(sink);
		buffer_fini(&state_of.bytes);
		test_free(data);
	}
	store_free(store);
}

#define MIB (1024UL * 1024)
#define PIECE 65521
#define LANE_BYTES (2 * MIB) /* of a connection: buffers of libcurl, TLS and the stack */

/* A sanitizer's own memory says nothing about the program's. */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||               \
    __has_feature(thread_sanitizer)
static const bool measures = false;
#else
static const bool measures = true;
#endif

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 2654435761u >> 11);
}

/* The peak of this process since the last call, in bytes (proc(5): VmHWM, clear_refs). */
static size_t take_peak(void)
{
	char line[128];
	size_t kib = 0;
	FILE *status = fopen("/proc/self/status", "re");
	assert_non_null(status);
	while (fgets(line, sizeof line, status) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtoul(line + 6, NULL, 10);
	(void)fclose(status);
	FILE *clear = fopen("/proc/self/clear_refs", "we");
	assert_non_null(clear);
	(void)fputs("5", clear);
	(void)fclose(clear);
	return kib * 1024;
}

static enum status put_pieces(struct store *store, const char *name, size_t len)
{
	uint8_t piece[PIECE];
	struct sink *writer = NULL;
	enum status st = store_create(store, &call, name, &writer, &err);
	for (size_t done = 0; !st && done < len;) {
		size_t n = len - done < PIECE ? len - done : PIECE;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(done + i);
		st = sink_write(writer, piece, n, &err);
		done += n;
	}
	if (!st)
		st = sink_finish(writer, &err);
	sink_free(writer);
	return st;
}

static enum status compare(void *arg, size_t range, const void *data, size_t len, struct error *error)
{
	size_t *done = arg;
	(void)range;
	for (size_t i = 0; i < len; i++)
		if (((const uint8_t *)data)[i] != byte_at(*done + i))
			return error_set(error, STATUS_CONFLICT, "byte %zu differs", *done + i);
	*done += len;
	return STATUS_OK;
}

/* Two and four parts at a time, whole ones and a rest: whatever the length, the memory is that of one buffer. */
static void writes_parts_side_by_side(void **state)
{
	(void)state;
	static const struct {
		size_t upload_bytes, bytes;
		unsigned threads;
	} cases[] = {
	    {20 * MIB, 60 * MIB, 2},
	    {20 * MIB, 20 * MIB + 1, 2},
	    {25 * MIB, 33 * MIB, 3},
	    {32 * MIB, 100 * MIB + 7, 4},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t done = 0;
		options.upload_bytes = cases[i].upload_bytes;
		struct store *store = open_store(NULL);
		const struct s3 *s3 = (const struct s3 *)store;
		assert_int_equal(s3->part_threads, cases[i].threads);
		assert_true(s3->part_bytes >= S3_PART_BYTES_MIN && s3->buffer_bytes <= cases[i].upload_bytes);
		(void)take_peak();
		size_t before = take_peak();
		enum status st = put_pieces(store, "x/large", cases[i].bytes);
		assert_ok(st, err);
		size_t peak = take_peak();
		size_t most = before + cases[i].upload_bytes + cases[i].threads * LANE_BYTES;
		if (measures && peak > most)
			fail_msg("case %zu: %zu KiB more than before, %zu KiB allowed", i, (peak - before) / 1024,
				 (most - before) / 1024);
		const struct store_range whole = {0, cases[i].bytes};
		const struct store_ranges ranges = {.items = &whole, .count = 1, .each = compare, .arg = &done};
		st = store_read_ranges(store, &call, "x/large", &ranges, &err);
		assert_ok(st, err);
		assert_int_equal(done, cases[i].bytes);
		assert_int_equal(put_pieces(store, "x/large", cases[i].bytes), STATUS_EXISTS);
		st = store_remove(store, &call, "x/large", &err);
		assert_ok(st, err);
		store_free(store);
	}
	options.upload_bytes = S3_PART_BYTES_MIN;
}

static enum status count(void *arg, const struct object_info *info, struct error *error)
{
	char expected[32];
	int *seen = arg;
	(void)snprintf(expected, sizeof expected, "many/%04d", *seen);
	++*seen;
	return strcmp(info->name, expected) == 0 ? STATUS_OK : error_set(error, STATUS_CONFLICT, "%s", info->name);
}

static enum status no_refusal(void *arg, const struct store_refusal *refusal, struct error *error)
{
	(void)arg;
	*error = *refusal->why;
	return refusal->status;
}

static void lists_and_removes_page_after_page(void **state)
{
	(void)state;
	struct store *store = open_store(NULL);
	static char texts[1003][32];
	static const char *names[1003];
	int seen = 0;
	for (int i = 0; i < 1003; i++) {
		names[i] = texts[i];
		(void)snprintf(texts[i], sizeof texts[i], "many/%04d", i);
		enum status st = put(store, names[i], "", 0);
		assert_ok(st, err);
	}
	enum status st = store_list(store, &call, "many/", count, &seen, &err);
	assert_ok(st, err);
	assert_int_equal(seen, 1003);
	seen = 0;
	st = store_list_level(store, &call, "many/", count, &seen, &err);
	assert_ok(st, err);
	assert_int_equal(seen, 1003);
	const struct store_removal removal = {.names = names, .count = 1003, .refused = no_refusal};
	st = store_remove_many(store, &call, &removal, &err);
	assert_ok(st, err);
	/* The server has DeleteObjects. */
	assert_false(((struct s3 *)store)->one_by_one);
	seen = 0;
	st = store_list(store, &call, "", count, &seen, &err);
	assert_ok(st, err);
	assert_int_equal(seen, 0);
	store_free(store);
}

/* What only a real server's answers show: none of these is STATUS_MISSING. */
static void tells_refusals_from_missing(void **state)
{
	(void)state;
	static char wrong[] = "wrong";
	struct credentials bad_secret = credentials;
	struct credentials bad_key = credentials;
	bad_secret.secret_key = (struct secret){wrong, 5};
	bad_key.access_key = (struct secret){wrong, 5};
	struct s3_options cases[] = {options, options, options};
	cases[0].bucket = "no-such-bucket-here";
	cases[1].credentials = &bad_secret;
	cases[2].credentials = &bad_key;
	static const char *const texts[] = {"HTTP 404 NoSuchBucket", "HTTP 403 SignatureDoesNotMatch",
					    "HTTP 403 InvalidAccessKeyId"};
	for (size_t i = 0; i < 3; i++) {
		struct store *store = NULL;
		struct collect state_of = {0};
		struct object_info info;
		int seen = 0;
		struct sink *sink = collect_new(&state_of);
		enum status st = s3_store_open(&cases[i], &store, &err);
		assert_ok(st, err);
		call.deadline_ms = clock_monotonic_ms(&system_clock) + 60000;
		const enum status got[] = {
		    store_read(store, &call, "x/y", sink, &err), store_stat(store, &call, "x/y", &info, &err),
		    store_list(store, &call, "x", count, &seen, &err), put(store, "x/y", "1", 1)};
		for (size_t j = 0; j < sizeof got / sizeof got[0]; j++)
			assert_int_equal(got[j], STATUS_UNREACHABLE);
		if (strstr(err.text, texts[i]) == NULL || err.hint[0] == '\0')
			fail_msg("'%s', hint '%s'", err.text, err.hint);
		sink_free(sink);
		store_free(store);
	}
}

static bool take_environment(void)
{
	const char *key = getenv("TEST_S3_KEY");
	const char *secret = getenv("TEST_S3_KEY_SECRET");
	options.endpoint = getenv("TEST_S3_ENDPOINT");
	options.bucket = getenv("TEST_S3_BUCKET");
	options.region = getenv("TEST_S3_REGION");
	options.ca_file = getenv("TEST_S3_CA_FILE");
	if (options.endpoint == NULL || options.bucket == NULL || options.region == NULL || key == NULL ||
	    secret == NULL)
		return false;
	(void)snprintf(prefix, sizeof prefix, "suite/%ld", (long)getpid());
	options.prefix = prefix;
	options.upload_bytes = S3_PART_BYTES_MIN;
	options.credentials = &credentials;
	return secret_set(&credentials.access_key, key, strlen(key), &err) == STATUS_OK &&
	       secret_set(&credentials.secret_key, secret, strlen(secret), &err) == STATUS_OK;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(writes_large_objects_in_parts),
	    cmocka_unit_test(writes_parts_side_by_side),
	    cmocka_unit_test(lists_and_removes_page_after_page),
	    cmocka_unit_test(tells_refusals_from_missing),
	};
	const struct store_under_test s3 = {.open = open_store, .call = &call};
	if (!take_environment()) {
		(void)puts("1..0 # SKIP no S3 server: run it below test/harness/with-radosgw");
		return 0;
	}
	bool own = argc > 1 && strcmp(argv[1], "own") == 0;
	use_libs3 = argc > 1 && strcmp(argv[1], "libs3") == 0;
	if (use_libs3) {
		options.endpoint = getenv("TEST_S3_ENDPOINT_HTTP");
		options.ca_file = NULL;
	}
	int failed = own ? cmocka_run_group_tests_name("store/s3/s3_suite", tests, NULL, NULL)
			 : store_suite_run(use_libs3 ? "store/libs3" : "store/s3", &s3);
	credentials_fini(&credentials);
	return failed;
}
