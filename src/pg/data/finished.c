#include "pg/data/finished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "pg/wal/content.h"
#include "pg/wal/history.h"
#include "sys/read_file.h"

/* A WAL file of the directory. */
struct found {
	struct wal_file file;
	uint64_t number; /* segment number */
	bool unreadable; /* cannot be examined; the push reports the reason */
};

/* Every valid segment of the timeline below this number is finished. */
struct frontier {
	uint32_t timeline;
	uint64_t below;
};

struct timeline_switch {
	uint32_t timeline;
	uint64_t lsn;
};

struct scan {
	const char *pg_wal;
	uint64_t system_id;
	struct found *found;
	size_t count, capacity;
	struct frontier *frontiers;
	size_t frontier_count, frontier_capacity;
	struct timeline_switch *switches;
	size_t switch_count, switch_capacity;
	uint32_t segment_bytes; /* 0: no segment has begun */
};

static void scan_fini(struct scan *scan)
{
	free(scan->found);
	free(scan->frontiers);
	free(scan->switches);
}

static enum status add(struct scan *scan, const char *entry, struct error *err)
{
	struct wal_name name;
	struct error ignored = {0};
	if (wal_name_parse(&name, entry, &ignored) != STATUS_OK)
		return STATUS_OK;
	struct found *found = array_grow(scan->found, scan->count, &scan->capacity, sizeof *found);
	if (found == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	scan->found = found;
	found[scan->count++] = (struct found){.file.name = name};
	return STATUS_OK;
}

static enum status read_dir(struct scan *scan, struct error *err)
{
	CLEANUP(dir_closep) DIR *dir = opendir(scan->pg_wal);
	if (dir == NULL)
		return error_errno(err, STATUS_LOCAL, errno, "open %s", scan->pg_wal);
	const struct dirent *entry;
	enum status st = STATUS_OK;
	while (!st && (errno = 0, entry = readdir(dir)) != NULL)
		st = add(scan, entry->d_name, err);
	if (!st && errno != 0)
		st = error_errno(err, STATUS_LOCAL, errno, "read %s", scan->pg_wal);
	return st;
}

static enum status raise_frontier(struct scan *scan, uint32_t timeline, uint64_t below, struct error *err)
{
	size_t i = 0;
	while (i < scan->frontier_count && scan->frontiers[i].timeline != timeline)
		i++;
	if (i == scan->frontier_count) {
		struct frontier *frontiers =
		    array_grow(scan->frontiers, scan->frontier_count, &scan->frontier_capacity, sizeof *frontiers);
		if (frontiers == NULL)
			return error_set(err, STATUS_LOCAL, "out of memory");
		scan->frontiers = frontiers;
		frontiers[scan->frontier_count++] = (struct frontier){.timeline = timeline};
	}
	if (scan->frontiers[i].below < below)
		scan->frontiers[i].below = below;
	return STATUS_OK;
}

static const struct frontier *frontier_of(const struct scan *scan, uint32_t timeline)
{
	for (size_t i = 0; i < scan->frontier_count; i++)
		if (scan->frontiers[i].timeline == timeline)
			return &scan->frontiers[i];
	return NULL;
}

static void check_ready(const struct scan *scan, struct found *found)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s/archive_status/%s.ready", scan->pg_wal, found->file.name.text) >=
	    (int)sizeof path)
		return;
	found->file.ready = access(path, F_OK) == 0;
	found->unreadable = !found->file.ready && errno != ENOENT;
}

static bool is_segment(const struct found *found)
{
	return found->file.name.kind == WAL_SEGMENT || found->file.name.kind == WAL_PARTIAL;
}

/* Examines a file. A file that disappeared was recycled or removed, and has not begun. */
static void examine(const struct scan *scan, struct found *found)
{
	char path[PATH_MAX];
	uint8_t head[WAL_HEAD_BYTES];
	struct stat info;
	struct error ignored = {0};
	uint64_t system_id = 0;
	check_ready(scan, found);
	if (snprintf(path, sizeof path, "%s/%s", scan->pg_wal, found->file.name.text) >= (int)sizeof path)
		return;
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	/* ELOOP: the server does not create symbolic links here. */
	if (fd < 0 && (errno == ENOENT || errno == ELOOP))
		return;
	bool known_kind = (fd < 0 ? lstat(path, &info) : fstat(fd, &info)) == 0;
	if (known_kind && !S_ISREG(info.st_mode))
		return;
	found->file.bytes = known_kind ? (uint64_t)info.st_size : 0;
	ssize_t got = known_kind && fd >= 0 ? pread(fd, head, sizeof head, 0) : -1;
	if (got < 0) {
		found->unreadable = true;
		return;
	}
	const struct wal_head known = {.bytes = head, .len = (size_t)got, .size = found->file.bytes};
	found->file.begun = wal_content_check(&found->file.name, &known, &system_id, &ignored) == STATUS_OK &&
			    (!is_segment(found) || system_id == scan->system_id);
}

/* A segment that has begun proves that all earlier ones of its timeline are finished. */
static enum status examine_all(struct scan *scan, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < scan->count; i++) {
		struct found *found = &scan->found[i];
		examine(scan, found);
		if (!found->file.begun || !is_segment(found))
			continue;
		if (scan->segment_bytes == 0)
			scan->segment_bytes = (uint32_t)found->file.bytes;
		found->file.begun = found->file.bytes == scan->segment_bytes &&
				    wal_name_number(&found->file.name, scan->segment_bytes, &found->number);
		if (found->file.begun)
			st = raise_frontier(scan, found->file.name.timeline, found->number, err);
	}
	return st;
}

struct lineage {
	struct scan *scan;
	bool own; /* this server has written to the timeline */
};

static enum status add_switch(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	const struct lineage *lineage = arg;
	struct scan *scan = lineage->scan;
	struct timeline_switch *switches =
	    array_grow(scan->switches, scan->switch_count, &scan->switch_capacity, sizeof *switches);
	if (switches == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	scan->switches = switches;
	switches[scan->switch_count++] = (struct timeline_switch){timeline, switch_lsn};
	return lineage->own ? raise_frontier(scan, timeline, switch_lsn / scan->segment_bytes, err) : STATUS_OK;
}

/* If this server has written to the timeline, it had all earlier timelines up to their switch points. */
static enum status read_history(struct scan *scan, const struct found *found, struct error *err)
{
	char path[PATH_MAX];
	struct error ignored = {0};
	struct lineage lineage = {scan, frontier_of(scan, found->file.name.timeline) != NULL};
	if (found->file.bytes > WAL_HISTORY_MAX ||
	    snprintf(path, sizeof path, "%s/%s", scan->pg_wal, found->file.name.text) >= (int)sizeof path)
		return STATUS_OK;
	CLEANUP(freep) char *text = malloc(found->file.bytes + 1);
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (text == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	ssize_t got = fd < 0 ? -1 : read_file_open(fd, text, found->file.bytes);
	if (got != (ssize_t)found->file.bytes)
		return STATUS_OK;
	enum status st = wal_history_read(found->file.name.timeline, text, (size_t)got, add_switch, &lineage, &ignored);
	return st == STATUS_LOCAL ? error_set(err, st, "%s", ignored.text) : STATUS_OK;
}

static enum status read_histories(struct scan *scan, struct error *err)
{
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && scan->segment_bytes > 0 && i < scan->count; i++)
		if (scan->found[i].file.begun && scan->found[i].file.name.kind == WAL_HISTORY)
			st = read_history(scan, &scan->found[i], err);
	return st;
}

static bool is_finished(const struct scan *scan, const struct found *found)
{
	if (found->file.ready || found->unreadable)
		return true;
	if (found->file.name.kind != WAL_SEGMENT)
		return found->file.begun;
	const struct frontier *frontier = frontier_of(scan, found->file.name.timeline);
	return found->file.begun && frontier != NULL && found->number < frontier->below;
}

static uint64_t first_switch(const struct scan *scan, const struct found *found)
{
	uint64_t first = 0;
	for (size_t i = 0; found->file.begun && i < scan->switch_count; i++) {
		const struct timeline_switch *point = &scan->switches[i];
		if (point->timeline == found->file.name.timeline && point->lsn / scan->segment_bytes == found->number &&
		    (first == 0 || point->lsn < first))
			first = point->lsn;
	}
	return first;
}

static int by_name(const void *a, const void *b)
{
	const struct wal_name *one = &((const struct wal_file *)a)->name;
	const struct wal_name *other = &((const struct wal_file *)b)->name;
	if ((one->kind == WAL_HISTORY) != (other->kind == WAL_HISTORY))
		return one->kind == WAL_HISTORY ? -1 : 1;
	return strcmp(one->text, other->text);
}

static enum status select_finished(const struct scan *scan, struct finished_list *out, struct error *err)
{
	if (scan->count == 0)
		return STATUS_OK;
	out->files = calloc(scan->count, sizeof *out->files);
	if (out->files == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	for (size_t i = 0; i < scan->count; i++) {
		const struct found *found = &scan->found[i];
		if (!is_finished(scan, found)) {
			out->unfinished++;
			continue;
		}
		out->files[out->count] = found->file;
		if (is_segment(found))
			out->files[out->count].switch_lsn = first_switch(scan, found);
		out->count++;
	}
	qsort(out->files, out->count, sizeof *out->files, by_name);
	return STATUS_OK;
}

enum status finished_list_read(struct finished_list *out, const char *pg_wal, uint64_t system_id, struct error *err)
{
	CLEANUP(scan_fini) struct scan scan = {.pg_wal = pg_wal, .system_id = system_id};
	*out = (struct finished_list){0};
	enum status st = read_dir(&scan, err);
	if (!st)
		st = examine_all(&scan, err);
	if (!st)
		st = read_histories(&scan, err);
	return st ? st : select_finished(&scan, out, err);
}

void finished_list_fini(struct finished_list *list)
{
	free(list->files);
	*list = (struct finished_list){0};
}
