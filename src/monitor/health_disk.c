/*
 * walship status: when the disk of pg_wal will be full. The faster of two rates counts: the loss of free space since an
 * earlier sample, and the WAL written per second since archiving stopped.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "monitor/health.h"
#include "sys/note.h"

#define SPAN_S 900           /* minimum age of the earlier sample: a burst of minutes fills no disk */
#define OLDEST_S (24 * 3600) /* older samples say nothing about the present rate */
#define RATE_SPAN_S 60       /* segments within a shorter time are a burst */
#define NAME "disk"

struct sample {
	int64_t at_s; /* 0: none */
	uint64_t free;
};

/* The sample that the rate is computed from, and the later one that will replace it. */
struct samples {
	struct sample earlier, later;
};

static void read_samples(const char *path, struct samples *out)
{
	struct note note;
	*out = (struct samples){0};
	if (!note_read(&note, NAME, path) || !note_seconds(&note, "earlier", &out->earlier.at_s) ||
	    !note_number(&note, "earlier-free", UINT64_MAX, &out->earlier.free) ||
	    !note_seconds(&note, "later", &out->later.at_s) ||
	    !note_number(&note, "later-free", UINT64_MAX, &out->later.free))
		*out = (struct samples){0};
}

static void write_samples(const char *path, const struct samples *samples)
{
	struct note note;
	struct error ignored;
	note_begin(&note, NAME);
	note_put(&note, "earlier", "%" PRId64, samples->earlier.at_s);
	note_put(&note, "earlier-free", "%" PRIu64, samples->earlier.free);
	note_put(&note, "later", "%" PRId64, samples->later.at_s);
	note_put(&note, "later-free", "%" PRIu64, samples->later.free);
	if (note_end(&note))
		(void)note_replace(&note, path, &ignored);
}

static bool is_usable(const struct sample *sample, int64_t now_s, int64_t least_s)
{
	return sample->at_s != 0 && now_s - sample->at_s >= least_s && now_s - sample->at_s <= OLDEST_S;
}

/* Bytes of free space lost per second; 0: none lost, or no earlier sample. */
static uint64_t rate_of_room(const struct samples *samples, const struct health *health)
{
	const struct sample *from = &samples->earlier;
	if (!is_usable(from, health->now_s, SPAN_S))
		from = &samples->later;
	if (!is_usable(from, health->now_s, SPAN_S) || from->free <= health->disk_free)
		return 0;
	return (from->free - health->disk_free) / (uint64_t)(health->now_s - from->at_s);
}

/* Stores a new sample once the last one is old enough. */
static void remember(const char *path, struct samples *samples, const struct health *health)
{
	const struct sample now = {health->now_s, health->disk_free};
	if (is_usable(&samples->later, health->now_s, 0) && !is_usable(&samples->later, health->now_s, SPAN_S))
		return;
	samples->earlier = is_usable(&samples->later, health->now_s, SPAN_S) ? samples->later : now;
	samples->later = now;
	write_samples(path, samples);
}

/* While files wait, PostgreSQL keeps all new WAL. */
static uint64_t rate_of_wal(const struct health *health)
{
	const struct pending *pending = &health->pending;
	int64_t span_s = pending->newest_s - pending->oldest_s;
	if (!health->pending_known || pending->segments < 2 || span_s < RATE_SPAN_S)
		return 0;
	return (pending->segments - 1) * pending->segment_bytes / (uint64_t)span_s;
}

void health_look_disk(struct health *out)
{
	char path[PATH_MAX], samples_path[PUSH_NOTES_PATH_MAX];
	struct statvfs info;
	struct samples samples = {0};
	struct error ignored;
	if (snprintf(path, sizeof path, "%s/pg_wal/.", out->directory.path) >= (int)sizeof path ||
	    statvfs(path, &info) != 0)
		return;
	out->disk_known = true;
	out->disk_free = (uint64_t)info.f_bavail * info.f_frsize;
	out->disk_total = (uint64_t)info.f_blocks * info.f_frsize;
	uint64_t wal = rate_of_wal(out);
	bool remembers = out->spool_known && push_notes_prepare(&out->notes, &ignored) == STATUS_OK;
	if (remembers) {
		push_notes_path(&out->notes, NAME, samples_path);
		read_samples(samples_path, &samples);
	}
	uint64_t room = rate_of_room(&samples, out);
	if (remembers)
		remember(samples_path, &samples, out);
	out->disk_bytes_per_s = wal > room ? wal : room;
	if (out->disk_bytes_per_s > 0)
		out->disk_full_s = (int64_t)(out->disk_free / out->disk_bytes_per_s);
}
