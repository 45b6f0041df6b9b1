#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backup/block_source.h"
#include "base/cleanup.h"
#include "support/cmocka.h"
#include "support/scratch.h"

static struct error err;
static uint8_t pages[4 * PAGE_BYTES];

static int open_new(const char *name)
{
	int fd = open(scratch_path(&test_dir, name), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static void fill(uint8_t *page, uint32_t number)
{
	const uint16_t upper = 8192;
	for (size_t i = 0; i < PAGE_BYTES; i++)
		page[i] = (uint8_t)(i * 3 + number);
	memset(page, 0, 8); /* an old LSN */
	memcpy(page + 14, &upper, sizeof upper);
	uint16_t checksum = page_checksum(page, number);
	memcpy(page + 8, &checksum, sizeof checksum);
}

static void counts_blocks(void **unused)
{
	(void)unused;
	assert_int_equal(block_count(0), 0);
	assert_int_equal(block_count(1), 1);
	assert_int_equal(block_count(PAGE_BYTES), 1);
	assert_int_equal(block_count(PAGE_BYTES + 1), 2);
	assert_int_equal(block_bytes(PAGE_BYTES + 1, 0), PAGE_BYTES);
	assert_int_equal(block_bytes(PAGE_BYTES + 1, 1), 1);
	assert_int_equal(block_bytes(2 * PAGE_BYTES, 1), PAGE_BYTES);
}

/* The file has a block and a half, the backup knew of three. */
static void a_file_that_was_cut_short_gives_zeros(void **unused)
{
	(void)unused;
	static const uint8_t zeros[3 * PAGE_BYTES];
	CLEANUP(fd_closep) int fd = open_new("short");
	memset(pages, 7, sizeof pages);
	assert_int_equal(write(fd, pages, PAGE_BYTES * 3 / 2), PAGE_BYTES * 3 / 2);
	struct block_source source = {.fd = fd, .path = "short", .size = 3 * PAGE_BYTES};
	assert_ok(block_source_read(&source, 0, 3, pages, &err), err);
	for (size_t i = 0; i < PAGE_BYTES * 3 / 2; i++)
		assert_int_equal(pages[i], 7);
	assert_memory_equal(pages + PAGE_BYTES * 3 / 2, zeros, PAGE_BYTES * 3 / 2);
	/* Bytes behind the size that it had are not read. */
	source.size = 100;
	assert_ok(block_source_read(&source, 0, 1, pages, &err), err);
	assert_int_equal(pages[99], 7);
	assert_memory_equal(pages + 100, zeros, PAGE_BYTES - 100);
}

static void finds_holes(void **unused)
{
	(void)unused;
	CLEANUP(fd_closep) int fd = open_new("holes");
	assert_int_equal(ftruncate(fd, 1L << 40), 0);
	assert_int_equal(pwrite(fd, "x", 1, 1L << 30), 1);
	const struct block_source source = {.fd = fd, .path = "holes", .size = 1UL << 40};
	uint64_t blocks = block_count(source.size), data = (1UL << 30) / PAGE_BYTES;
	uint64_t hole = block_source_hole(&source, 0, blocks);
	assert_in_range(hole, 1, data); /* as the file system's own blocks let it see */
	assert_int_equal(block_source_hole(&source, 0, 3), 3);
	assert_int_equal(block_source_hole(&source, data, 1), 0);
	assert_int_equal(block_source_hole(&source, blocks - 5, 5), 5);
}

static void says_which_page_is_wrong(void **unused)
{
	(void)unused;
	bool wrong;
	CLEANUP(fd_closep) int fd = open_new("pages");
	for (uint32_t i = 0; i < 4; i++)
		fill(pages + (size_t)i * PAGE_BYTES, 131072 + i);
	pages[2 * PAGE_BYTES + 100] ^= 1;
	assert_int_equal(write(fd, pages, sizeof pages), sizeof pages);
	struct block_source source = {.fd = fd,
				      .path = "pages",
				      .size = sizeof pages,
				      .has_checksums = true,
				      .first_page = 131072,
				      .start_lsn = 0x1000};
	for (uint64_t i = 0; i < 4; i++) {
		assert_ok(block_source_check(&source, i, pages + i * PAGE_BYTES, &wrong, &err), err);
		assert_int_equal(wrong, i == 2);
	}
	/* Torn when it was read, whole when it is read again. */
	pages[PAGE_BYTES + 5000] ^= 1;
	assert_ok(block_source_check(&source, 1, pages + PAGE_BYTES, &wrong, &err), err);
	assert_false(wrong);
	assert_int_equal(page_check(pages + PAGE_BYTES, 131073, 0), PAGE_RIGHT);
	/* The server is adding the last page. */
	source.size -= 100;
	pages[3 * PAGE_BYTES + 100] ^= 1;
	assert_ok(block_source_check(&source, 3, pages + 3 * (size_t)PAGE_BYTES, &wrong, &err), err);
	assert_false(wrong);
	source.has_checksums = false;
	assert_ok(block_source_check(&source, 2, pages + 2 * (size_t)PAGE_BYTES, &wrong, &err), err);
	assert_false(wrong);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_blocks),
	    cmocka_unit_test(a_file_that_was_cut_short_gives_zeros),
	    cmocka_unit_test(finds_holes),
	    cmocka_unit_test(says_which_page_is_wrong),
	};
	return cmocka_run_group_tests_name("backup/block_source", tests, test_dir_make, test_dir_remove);
}
