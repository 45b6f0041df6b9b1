#include "archive/fetch/fetch_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive/fetch/part_join.h"
#include "base/cleanup.h"
#include "pg/wal/history.h"
#include "repo/object.h"
#include "repo/repository.h"
#include "repo/set_aside.h"

#define HISTORIES_MAX 256 /* later timelines; where there are more, the cluster has gone on */

struct joining {
	const struct fetch_ahead *ahead;
	const struct wal_name *name;
	const char *dest;
	struct newfile file;
	struct part_join join;
	uint32_t least; /* bytes that are too few */
	bool refused;   /* a repository has what says that the parts are not the end of the WAL */
	bool archived;  /* a repository has the whole segment by now */
};

static void joining_fini(struct joining *joining)
{
	newfile_fini(&joining->file);
}

bool fetch_parts_apply(const struct fetch_ahead *ahead, const struct wal_name *name)
{
	const struct data_directory *directory = ahead->data_directory;
	return ahead->use_parts && name->kind == WAL_SEGMENT && data_directory_recovers_to_end(directory);
}

/*
 * Is this the end of the WAL?
 */

struct later {
	struct repository *repo;
	const struct call *call;
	uint64_t system_id;
	const struct wal_name *name;
	struct set_aside aside;
	uint32_t histories[HISTORIES_MAX]; /* of later timelines */
	size_t history_count;
	char found[WAL_OBJECT_NAME_MAX]; /* what says that the WAL goes on; "": nothing */
};

static void later_fini(struct later *later)
{
	set_aside_fini(&later->aside);
}

static enum status see(void *arg, const struct object_info *info, struct error *err)
{
	struct later *later = arg;
	const char *base = strrchr(info->name, '/');
	char directory[32];
	struct wal_name history;
	struct error ignored;
	(void)err;
	/* A directory of later log ids. */
	(void)snprintf(directory, sizeof directory, "/%.16s", later->name->text);
	size_t len = strlen(info->name);
	if (info->directory && len > 17 && strncmp(info->name + len - 18, directory, 9) == 0 &&
	    strncmp(info->name + len - 18, directory, 17) > 0)
		(void)snprintf(later->found, sizeof later->found, "%s", info->name);
	if (info->directory || base == NULL || wal_name_parse(&history, base + 1, &ignored) ||
	    history.kind != WAL_HISTORY || history.timeline <= later->name->timeline)
		return STATUS_OK;
	if (later->history_count == HISTORIES_MAX)
		(void)snprintf(later->found, sizeof later->found, "%s", info->name);
	else
		later->histories[later->history_count++] = history.timeline;
	return STATUS_OK;
}

static enum status see_segment(void *arg, const struct object_info *info, struct error *err)
{
	struct later *later = arg;
	struct wal_name name;
	uint64_t system_id;
	(void)err;
	if (wal_object_parse(info->name, &system_id, &name) && name.kind == WAL_SEGMENT &&
	    strcmp(name.text, later->name->text) > 0)
		(void)snprintf(later->found, sizeof later->found, "%s", info->name);
	return STATUS_OK;
}

struct branching {
	const struct later *later;
	bool aside;          /* the timeline or an ancestor is set aside */
	uint64_t switch_lsn; /* where it, or an ancestor, left the segment's timeline; UINT64_MAX: it did not */
};

static enum status take_line(void *arg, uint32_t timeline, uint64_t switch_lsn, struct error *err)
{
	struct branching *branching = arg;
	(void)err;
	branching->aside |= set_aside_has(&branching->later->aside, timeline);
	if (timeline == branching->later->name->timeline)
		branching->switch_lsn = switch_lsn;
	return STATUS_OK;
}

/* A timeline that began before the segment's end: the cluster went on with it. */
static enum status look_at_history(struct later *later, uint32_t timeline, uint64_t end_lsn, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	CLEANUP(buffer_fini) struct buffer text = {.max = WAL_HISTORY_MAX};
	struct branching branching = {.later = later, .switch_lsn = UINT64_MAX};
	struct call call = call_step(later->call);
	wal_history_object_name(object, later->system_id, timeline);
	enum status st = object_read(later->repo, &call, object, &text, NULL, err);
	if (!st)
		st = wal_history_read(timeline, buffer_text(&text), text.len, take_line, &branching, err);
	branching.aside |= set_aside_has(&later->aside, timeline);
	if (!st && !branching.aside && branching.switch_lsn < end_lsn)
		(void)snprintf(later->found, sizeof later->found, "%s", object);
	return st;
}

/* The stream removes the parts of a segment once it is archived, maybe while they are read. */
static enum status find_whole(struct joining *joining, const struct later *later, struct error *err)
{
	char object[WAL_OBJECT_NAME_MAX];
	struct object_info info;
	struct call call = call_step(later->call);
	wal_object_name(object, later->system_id, later->name);
	enum status st = store_stat(later->repo->store, &call, object, &info, err);
	joining->archived = !st;
	return st == STATUS_MISSING ? STATUS_OK : st;
}

static enum status find_later(struct later *later, uint32_t segment_bytes, struct error *err)
{
	char prefix[WAL_OBJECT_NAME_MAX];
	uint64_t number = 0;
	(void)wal_name_number(later->name, segment_bytes, &number);
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/", later->system_id);
	enum status st = store_list_level(later->repo->store, later->call, prefix, see, later, err);
	(void)snprintf(prefix, sizeof prefix, "%" PRIu64 "/wal/%.16s/", later->system_id, later->name->text);
	if (!st)
		st = store_list(later->repo->store, later->call, prefix, see_segment, later, err);
	if (!st && later->history_count > 0)
		st = set_aside_load(&later->aside, later->repo, later->call, later->system_id, err);
	for (size_t i = 0; !st && i < later->history_count && later->found[0] == '\0'; i++)
		st = look_at_history(later, later->histories[i], (number + 1) * segment_bytes, err);
	return st;
}

/*
 * The segment.
 */

static void tell(const struct call *call, const struct part_join *join)
{
	const char *name = join->segment->text;
	if (join->kept == join->segment_bytes)
		log_line(call->log, LEVEL_WARNING, "fetch %s: made from its streamed parts, all of it", name);
	else
		log_line(call->log, LEVEL_WARNING,
			 "fetch %s: made from its streamed parts, up to byte %" PRIu32
			 ", where the last whole record ends: recovery ends there",
			 name, join->kept);
	if (join->continues)
		log_line(call->log, LEVEL_WARNING,
			 "fetch %s: later parts exist, but a part between is missing or damaged", name);
}

/* STATUS_MISSING: nothing in this repository speaks against the parts. Otherwise *final, if the WAL goes on. */
static enum status look_in_one(void *arg, const struct repository_settings *settings, const struct call *call,
			       bool *final, struct error *err)
{
	struct joining *joining = arg;
	const struct wal_name *name = joining->name;
	const struct part_join *join = &joining->join;
	CLEANUP(repository_fini) struct repository repo = {0};
	CLEANUP(later_fini)
	struct later later = {.repo = &repo, .call = call, .system_id = joining->ahead->fetch.system_id, .name = name};
	enum status st = repository_open(&repo, settings, call, err);
	if (!st)
		st = find_whole(joining, &later, err);
	if (!st && !joining->archived && join->kept > 0)
		st = find_later(&later, join->segment_bytes, err);
	if (st)
		return error_wrap(err, st == STATUS_MISSING ? STATUS_UNREACHABLE : st, "fetch %s", name->text);
	*final = joining->archived || later.found[0] != '\0';
	if (later.found[0] != '\0')
		log_line(
		    call->log, LEVEL_WARNING,
		    "fetch %s: its streamed parts are not used, as the archive has %s: the segment is missing in it",
		    name->text, later.found);
	joining->refused |= *final;
	if (*final)
		return error_set(err, STATUS_MISSING, "%s is missing, and the archive goes on behind it", name->text);
	return STATUS_MISSING;
}

/* *err: unless a repository has refused, it stays. */
static enum status look(struct joining *joining, struct error *err)
{
	const struct fetch_ahead *ahead = joining->ahead;
	const struct fetch_attempt attempt = {look_in_one, joining, joining->name->text};
	struct error found = {0};
	enum status st = fetch_from_any(ahead->settings, &ahead->mirrors, ahead->fetch.call, &attempt, &found);
	if (st != STATUS_MISSING || joining->refused)
		*err = found;
	return st == STATUS_MISSING && !joining->refused ? STATUS_OK : st;
}

static enum status join_from_one(void *arg, const struct repository_settings *settings, const struct call *call,
				 bool *final, struct error *err)
{
	struct joining *joining = arg;
	CLEANUP(repository_fini) struct repository repo = {0};
	(void) final;
	newfile_fini(&joining->file);
	joining->join = (struct part_join){
	    .repo = &repo, .call = call, .system_id = joining->ahead->fetch.system_id, .segment = joining->name};
	enum status st = repository_open(&repo, settings, call, err);
	if (!st)
		st = newfile_open(&joining->file, joining->dest, 0640, err);
	if (st == STATUS_MISSING)
		st = STATUS_LOCAL; /* the directory, not the segment */
	if (!st)
		st = part_join(&joining->join, &joining->file, err);
	if (!st && joining->join.kept <= joining->least)
		st = error_set(err, STATUS_MISSING, "%s: the streamed parts have no whole record", joining->name->text);
	joining->join.repo = NULL;
	joining->join.call = NULL;
	if (st)
		joining->join.kept = 0;
	return st ? error_wrap(err, st, "fetch %s", joining->name->text) : STATUS_OK;
}

/* A mirror has fewer parts than the repository, unless that one has none: it comes last even if it answers faster. */
static enum status join(struct joining *joining, struct error *err)
{
	const struct fetch_ahead *ahead = joining->ahead;
	const struct fetch_attempt attempt = {join_from_one, joining, joining->name->text};
	bool ignored = false;
	enum status st = join_from_one(joining, ahead->settings, ahead->fetch.call, &ignored, err);
	if (ahead->mirrors.count == 0 || (st ? st != STATUS_MISSING : !joining->join.continues))
		return st;
	/* A mirror may have the part that is missing or damaged. */
	joining->least = joining->join.kept;
	st = fetch_from_any(ahead->settings, &ahead->mirrors, ahead->fetch.call, &attempt, err);
	if (st != STATUS_MISSING || joining->least == 0)
		return st;
	joining->least = 0;
	return join_from_one(joining, ahead->settings, ahead->fetch.call, &ignored, err);
}

enum status fetch_parts_run(const struct fetch_ahead *ahead, const struct wal_name *name, const char *dest,
			    bool *archived, struct error *err)
{
	CLEANUP(joining_fini) struct joining joining = {.ahead = ahead, .name = name, .dest = dest};
	enum status joined = join(&joining, err);
	bool whole = !joined && joining.join.kept == joining.join.segment_bytes;
	/* All of the segment is no end: what follows may be there or not. */
	enum status st = whole || (joined && joined != STATUS_MISSING) ? STATUS_OK : look(&joining, err);
	*archived = joining.archived;
	if (st || joined)
		return st ? st : joined;
	st = newfile_replace(&joining.file, err);
	if (!st)
		tell(ahead->fetch.call, &joining.join);
	return st ? error_wrap(err, st, "fetch %s", name->text) : STATUS_OK;
}
