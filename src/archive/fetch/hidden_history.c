#include "archive/fetch/hidden_history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pg/data/begun.h"
#include "pg/wal/history.h"
#include "repo/object.h"
#include "repo/set_aside.h"

/* Where the first ancestor that is set aside, or the timeline itself, left a timeline that is not set aside. */
struct branch {
	const struct set_aside *set_aside;
	uint32_t parent;     /* of the next line's timeline */
	uint64_t switch_lsn; /* where that timeline begins */
	uint32_t stray;      /* the timeline that is set aside; 0: none so far */
};

static void look_at(struct branch *branch, uint32_t timeline)
{
	if (branch->stray == 0 && set_aside_has(branch->set_aside, timeline))
		branch->stray = timeline;
}

static enum status take_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct branch *branch = arg;
	(void)err;
	look_at(branch, timeline);
	if (branch->stray == 0) {
		branch->parent = timeline;
		branch->switch_lsn = switch_lsn;
	}
	return STATUS_OK;
}

/* A history that PostgreSQL itself will refuse is not hidden. */
static struct branch find_branch(const struct set_aside *set_aside, uint32_t timeline, const struct buffer *text)
{
	struct branch branch = {.set_aside = set_aside};
	struct error ignored;
	if (wal_history_read(timeline, buffer_text(text), text->len, take_line, &branch, &ignored))
		return (struct branch){0};
	look_at(&branch, timeline);
	return branch;
}

static enum status read_text(int fd, const char *name, struct buffer *text, struct error *err)
{
	char bytes[4096];
	ssize_t got;
	enum status st = STATUS_OK;
	for (off_t at = 0; !st && (got = pread(fd, bytes, sizeof bytes, at)) != 0; at += got) {
		if (got < 0)
			return error_errno(err, STATUS_LOCAL, errno, "read %s", name);
		st = buffer_append(text, bytes, (size_t)got, err);
	}
	return st;
}

/* Whether the standby has WAL of the parent that begins after the switch point: the standby has diverged. */
static bool has_passed(const struct history_filter *filter, const struct branch *branch)
{
	char pg_wal[PATH_MAX];
	return snprintf(pg_wal, sizeof pg_wal, "%s/pg_wal", filter->data_directory->path) < (int)sizeof pg_wal &&
	       begun_behind(pg_wal, branch->parent, branch->switch_lsn);
}

/* Whether the server only looks for a number that is free. */
static bool looks_for_a_number(const struct history_filter *filter, const struct branch *branch)
{
	const struct data_directory *directory = filter->data_directory;
	if (data_directory_is_past_recovery(directory))
		return true;
	if (!directory->known || data_directory_begins_recovery(directory))
		return false;
	return !data_directory_is_standby(directory) || has_passed(filter, branch);
}

/* *found: the archive has a timeline above this one that is not set aside. */
static enum status find_later(const struct history_filter *filter, const struct set_aside *set_aside, uint32_t timeline,
			      bool *found, struct error *err)
{
	enum status st = STATUS_OK;
	for (*found = false; !st && !*found && timeline < UINT32_MAX;) {
		CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
		char object[WAL_OBJECT_NAME_MAX];
		wal_history_object_name(object, filter->system_id, ++timeline);
		st = object_read(filter->repo, filter->call, object, &text, NULL, err);
		if (!st)
			*found = find_branch(set_aside, timeline, &text).stray == 0;
	}
	return st == STATUS_MISSING ? STATUS_OK : st;
}

static enum status judge(const struct history_filter *filter, const struct set_aside *set_aside,
			 const struct wal_name *name, int fd, struct error *err)
{
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	bool later;
	enum status st = read_text(fd, name->text, &text, err);
	if (st)
		return st;
	struct branch branch = find_branch(set_aside, name->timeline, &text);
	if (branch.stray == 0 || looks_for_a_number(filter, &branch))
		return STATUS_OK;
	st = find_later(filter, set_aside, name->timeline, &later, err);
	return st || later ? st
			   : error_set(err, STATUS_MISSING,
				       "timeline %" PRIu32 " is set aside (walship timeline restore %" PRIu32 ")",
				       branch.stray, branch.stray);
}

enum status history_filter_accept(void *arg, const struct wal_name *name, int fd, struct error *err)
{
	const struct history_filter *filter = arg;
	struct set_aside set_aside = {0};
	if (name->kind != WAL_HISTORY)
		return STATUS_OK;
	enum status st = set_aside_load(&set_aside, filter->repo, filter->call, filter->system_id, err);
	if (!st && set_aside.count > 0)
		st = judge(filter, &set_aside, name, fd, err);
	set_aside_fini(&set_aside);
	return st;
}
