/* Lines of an index: a line is refused, or it is exactly what would be written again, and its path leads nowhere else.
 */
#include <string.h>

#include "base/cleanup.h"
#include "catalog/index_line.h"
#include "format/frame.h"
#include "target.h"

#define INPUT_LINE_MAX 65536

static void check_path(const char *path)
{
	MUST(*path != '\0' && *path != '/' && strstr(path, "//") == NULL);
	for (const char *at = path; at != NULL; at = strchr(at, '/')) {
		at += *at == '/';
		size_t len = strcspn(at, "/");
		MUST(len > 0 && !(len <= 2 && strspn(at, ".") >= len));
	}
}

static void check_run(const struct index_run *run)
{
	MUST(run->count > 0 && run->block <= INT64_MAX && run->count <= INT64_MAX);
	if (run->is_zero)
		return;
	MUST(run->pack > 0 && run->frame.offset >= HEADER_BYTES && run->at < FRAME_CONTENT_BYTES);
	MUST(run->frame.bytes >= FRAME_MIN && run->frame.bytes <= FRAME_MAX);
}

static void check_line(const char *text, size_t len)
{
	static char line[INPUT_LINE_MAX];
	CLEANUP(buffer_fini) struct buffer again = {0};
	struct index_line parsed;
	struct error err = {0};
	if (len >= sizeof line)
		return;
	memcpy(line, text, len);
	line[len] = '\0';
	enum status st = index_parse(&parsed, line, &err);
	MUST(st == STATUS_OK || (st == STATUS_DAMAGED && err.text[0] != '\0'));
	if (st)
		return;
	if (parsed.kind == INDEX_LINE_ENTRY) {
		check_path(parsed.entry.path);
		MUST(index_put_entry(&again, &parsed.entry, &err) == STATUS_OK);
	} else {
		check_run(&parsed.run);
		MUST(index_put_run(&again, &parsed.run, &err) == STATUS_OK);
	}
	MUST(again.len == len + 1 && memcmp(again.data, text, len) == 0 && again.data[len] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end = at + size;
	/* The reader of an index refuses a 0 byte before it parses a line. */
	if (size > 0 && memchr(at, '\0', size) != NULL)
		return 0;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *behind = newline == NULL ? end : newline;
		check_line(at, (size_t)(behind - at));
		at = behind + 1;
	}
	return 0;
}
