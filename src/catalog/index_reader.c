#include "catalog/index_reader.h"

#include <endian.h>
#include <string.h>

#include "pg/data/page.h"
#include "pg/data/tree.h"

void index_reader_init(struct index_reader *reader, const struct repository *repo, const struct call *call,
		       const struct manifest *manifest)
{
	struct series series = {.repo = repo, .call = call, .system_id = manifest->system_id, .label = manifest->label};
	*reader = (struct index_reader){0};
	series.part = PART_INDEX;
	reader->lines = (struct series_reader){
	    .series = series, .count = (uint32_t)manifest->index_objects, .bytes = manifest->index_bytes};
	series.part = PART_HASHES;
	reader->hashes = (struct series_reader){
	    .series = series, .count = (uint32_t)manifest->hashes_objects, .bytes = manifest->hashes_bytes};
}

void index_reader_fini(struct index_reader *reader)
{
	series_reader_fini(&reader->lines);
	series_reader_fini(&reader->hashes);
	buffer_fini(&reader->texts);
}

static enum status refuse(const struct index_reader *reader, const char *what, struct error *err)
{
	return error_set(err, STATUS_DAMAGED, "damaged: the index of backup %s has %s", reader->lines.series.label.text,
			 what);
}

/* Reads the next line into reader->line; has_line is false behind the last. */
static enum status read_line(struct index_reader *reader, struct error *err)
{
	struct buffer *content = &reader->lines.content;
	enum status st = STATUS_OK;
	if (reader->at == NULL || reader->at == (char *)content->data + content->len) {
		bool more;
		reader->has_line = false;
		reader->at = NULL;
		st = series_next(&reader->lines, &more, err);
		if (st || !more)
			return st;
		reader->at = (char *)content->data;
	}
	size_t left = (size_t)((char *)content->data + content->len - reader->at);
	char *line = reader->at, *end = memchr(line, '\n', left);
	if (end == NULL || memchr(line, '\0', (size_t)(end - line)) != NULL)
		return refuse(reader, "a line that does not end", err);
	*end = '\0';
	reader->at = end + 1;
	st = index_parse(&reader->line, line, err);
	reader->has_line = !st;
	return st;
}

/* Keeps the entry's texts: its line goes when the next object is read. */
static enum status keep_entry(struct index_reader *reader, struct error *err)
{
	struct buffer *texts = &reader->texts;
	const struct index_entry *entry = &reader->line.entry;
	size_t path_bytes = strlen(entry->path) + 1;
	/* The last path is still there, to be compared with. */
	if (texts->len > 0 && tree_compare((const char *)texts->data, entry->path) >= 0)
		return refuse(reader, "two paths in the wrong order", err);
	buffer_clear(texts);
	enum status st = buffer_append(texts, entry->path, path_bytes, err);
	if (!st && entry->link != NULL)
		st = buffer_append(texts, entry->link, strlen(entry->link) + 1, err);
	if (st)
		return st;
	reader->entry = *entry;
	reader->entry.path = (const char *)texts->data;
	if (entry->link != NULL)
		reader->entry.link = (const char *)texts->data + path_bytes;
	reader->next_block = 0;
	return STATUS_OK;
}

enum status index_reader_next(struct index_reader *reader, bool *more, struct error *err)
{
	struct index_run run;
	enum status st = STATUS_OK;
	bool runs = reader->texts.len > 0;
	while (!st && runs)
		st = index_reader_run(reader, &run, &runs, err);
	if (!st && !reader->has_line)
		st = read_line(reader, err);
	*more = reader->has_line;
	if (st || !*more)
		return st;
	if (reader->line.kind != INDEX_LINE_ENTRY)
		return refuse(reader, "a run of blocks without a file", err);
	st = keep_entry(reader, err);
	return st ? st : read_line(reader, err);
}

enum status index_reader_run(struct index_reader *reader, struct index_run *run, bool *more, struct error *err)
{
	uint64_t size = reader->entry.is_directory ? 0 : reader->entry.size;
	uint64_t blocks = size / PAGE_BYTES + (size % PAGE_BYTES > 0);
	*more = reader->has_line && reader->line.kind == INDEX_LINE_RUN;
	if (!*more)
		return reader->next_block == blocks ? STATUS_OK
						    : refuse(reader, "a file whose last blocks are missing", err);
	*run = reader->line.run;
	if (run->block != reader->next_block || run->count > blocks - run->block)
		return refuse(reader, "a run of blocks that does not follow the previous run", err);
	/* As many bytes as the frame can have. */
	if (!run->is_zero && run->at + (run->count - 1) * (uint64_t)PAGE_BYTES >= FRAME_CONTENT_BYTES)
		return refuse(reader, "a run of blocks longer than a frame", err);
	reader->next_block += run->count;
	return read_line(reader, err);
}

enum status index_reader_hashes(struct index_reader *reader, uint64_t count, uint64_t *out, struct error *err)
{
	struct buffer *content = &reader->hashes.content;
	while (count > 0) {
		if (reader->hash_at == content->len) {
			bool more;
			enum status st = series_next(&reader->hashes, &more, err);
			if (st)
				return st;
			if (!more || content->len % sizeof *out != 0)
				return refuse(reader, "too few hashes", err);
			reader->hash_at = 0;
		}
		uint64_t there = (content->len - reader->hash_at) / sizeof *out;
		size_t taken = (size_t)(count < there ? count : there);
		if (out != NULL) {
			memcpy(out, content->data + reader->hash_at, taken * sizeof *out);
			for (size_t i = 0; i < taken; i++)
				out[i] = le64toh(out[i]);
			out += taken;
		}
		reader->hash_at += taken * sizeof *out;
		count -= taken;
	}
	return STATUS_OK;
}
