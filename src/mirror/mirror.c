/* The order of a mirror run: everything but groups, in the order of names; then each group, and its manifest last. */
#include "mirror/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "mirror/copier.h"
#include "mirror/group.h"
#include "mirror/listing.h"
#include "pg/wal/name.h"
#include "store/object_name.h"

struct mirror {
	const struct mirror_params *params;
	struct repository original, copy;
	struct copier copier;
	struct groups groups;
	char newest[MIRROR_NOTE_NAME_MAX];
};

static void mirror_freep(struct mirror **mirror)
{
	if (*mirror == NULL)
		return;
	copier_fini(&(*mirror)->copier);
	groups_fini(&(*mirror)->groups);
	repository_fini(&(*mirror)->copy);
	repository_fini(&(*mirror)->original);
	free(*mirror);
}

/*
 * All of walship's objects lie below a system identifier. Other files in a bucket or a directory are not copied, among
 * them a copy that lies inside of the repository.
 */
static bool is_of_walship(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	const char *last = strrchr(name, '/');
	return digits > 0 && name[digits] == '/' &&
	       strncmp(last + 1, OBJECT_NAME_OF_CHECK, strlen(OBJECT_NAME_OF_CHECK)) != 0;
}

static bool is_of_kind(const char *name, enum wal_kind kind)
{
	uint64_t system_id;
	struct wal_name wal;
	return wal_object_parse(name, &system_id, &wal) && wal.kind == kind;
}

/* Copies what the copy lacks, and names what is not the same. */
static enum status settle(struct mirror *mirror, const struct mirror_entry *original, const struct mirror_entry *copy,
			  struct error *err)
{
	struct error trouble = {0};
	if (copy != NULL) {
		enum transfer_outcome outcome = transfer_judge_taken(original, copy->bytes, &trouble);
		return outcome == TRANSFER_PRESENT ? STATUS_OK
						   : copier_refuse(&mirror->copier, original, outcome, &trouble, err);
	}
	if (!original->archived)
		return copier_put(&mirror->copier, original, err);
	(void)error_set(&trouble, STATUS_UNREACHABLE, "it is in an archive storage class, and not readable now");
	return copier_refuse(&mirror->copier, original, TRANSFER_ARCHIVED, &trouble, err);
}

/* A server that follows timelines must find the history wherever it finds the segments. */
static enum status finish_history(struct mirror *mirror, struct error *err)
{
	size_t failed;
	return copier_drain(&mirror->copier, &failed, err);
}

static enum status on_object(void *arg, const struct mirror_entry *original, const struct mirror_entry *copy,
			     struct error *err)
{
	struct mirror *mirror = arg;
	bool member;
	if (original == NULL || !is_of_walship(original->name))
		return STATUS_OK;
	copier_look(&mirror->copier);
	if (is_of_kind(original->name, WAL_SEGMENT))
		(void)snprintf(mirror->newest, sizeof mirror->newest, "%.*s", MIRROR_NOTE_NAME_MAX - 1, original->name);
	bool differs = copy == NULL || copy->bytes != original->bytes;
	enum status st = groups_add(&mirror->groups, original, differs, &member, err);
	if (st || member || !differs)
		return st;
	st = settle(mirror, original, copy, err);
	return !st && is_of_kind(original->name, WAL_HISTORY) ? finish_history(mirror, err) : st;
}

static enum status compare(struct mirror *mirror, const char *prefix, const struct merge *how, struct error *err)
{
	CLEANUP(listing_freep) struct listing *original = NULL;
	CLEANUP(listing_freep) struct listing *copy = NULL;
	const struct call *call = mirror->params->call;
	struct merge merge = *how;
	enum status st = listing_start(&original, &mirror->original, call, prefix, err);
	if (!st)
		st = listing_start(&copy, &mirror->copy, call, prefix, err);
	if (st)
		return st;
	merge.original = (struct merge_input){listing_next, original};
	merge.copy = (struct merge_input){listing_next, copy};
	return merge_run(&merge, err);
}

/* A group whose objects are being copied. */
struct completion {
	struct mirror *mirror;
	const struct group *group;
	bool has_manifest, lacks_manifest;
	struct mirror_entry manifest;
};

static enum status on_member(void *arg, const struct mirror_entry *original, const struct mirror_entry *copy,
			     struct error *err)
{
	struct completion *completion = arg;
	if (original == NULL)
		return STATUS_OK;
	if (group_is_manifest(completion->group, original->name)) {
		completion->has_manifest = true;
		completion->lacks_manifest = copy == NULL;
		completion->manifest = *original;
		if (copy == NULL)
			return STATUS_OK;
	}
	return settle(completion->mirror, original, copy, err);
}

static enum status copy_manifest(struct completion *completion, bool allowed, bool *whole, struct error *err)
{
	struct mirror *mirror = completion->mirror;
	size_t failed = 0;
	if (!*whole || !allowed) {
		*whole = false;
		(void)pthread_mutex_lock(&mirror->copier.queue.mutex);
		enum status st = report_put_off(&mirror->copier.report, completion->manifest.name, err);
		(void)pthread_mutex_unlock(&mirror->copier.queue.mutex);
		return st;
	}
	enum status st = settle(mirror, &completion->manifest, NULL, err);
	if (!st)
		st = copier_drain(&mirror->copier, &failed, err);
	*whole = failed == 0;
	return st;
}

/*
 * The listing is read anew: the first one may have passed the group while the backup was being made. Its manifest was
 * there before the WAL was listed, so its WAL has been copied.
 */
static enum status copy_group(struct mirror *mirror, struct group_trust *trust, const struct group *group,
			      struct error *err)
{
	struct completion completion = {.mirror = mirror, .group = group};
	const struct merge merge = {.each = on_member, .arg = &completion};
	size_t failed = 0;
	bool allowed = group_trust_allows(trust, group);
	enum status st = compare(mirror, group->prefix, &merge, err);
	if (!st)
		st = copier_drain(&mirror->copier, &failed, err);
	/* Without its manifest, the group is being removed. */
	bool whole = failed == 0 && completion.has_manifest;
	if (!st && completion.lacks_manifest)
		st = copy_manifest(&completion, allowed, &whole, err);
	group_trust_note(trust, group, whole);
	return st;
}

static enum status copy_groups(struct mirror *mirror, struct error *err)
{
	struct group_trust trust = {0};
	enum status st = STATUS_OK;
	for (size_t i = 0; !st && i < mirror->groups.count; i++) {
		const struct group *group = &mirror->groups.items[i];
		if (!group->finished)
			mirror->copier.report.unfinished++;
		else if (!group->differs)
			group_trust_note(&trust, group, true);
		else
			st = copy_group(mirror, &trust, group, err);
	}
	return st;
}

static enum status copy_all(struct mirror *mirror, struct error *err)
{
	const struct merge merge = {.each = on_object, .arg = mirror};
	size_t failed;
	enum status st = compare(mirror, "", &merge, err);
	if (!st)
		st = groups_end(&mirror->groups, err);
	if (!st)
		st = copier_drain(&mirror->copier, &failed, err);
	return st ? st : copy_groups(mirror, err);
}

static void take_figures(const struct mirror *mirror, struct mirror_figures *out)
{
	const struct report *report = &mirror->copier.report;
	*out = (struct mirror_figures){.compared = true,
				       .behind_objects =
					   report->conflicts + report->damaged + report->unreadable + report->put_off,
				       .behind_bytes = report->failed_bytes};
	memcpy(out->newest, mirror->newest, sizeof out->newest);
}

static enum status check_two(const struct mirror_params *params, struct error *err)
{
	const char *one = params->original->s3.endpoint, *other = params->copy->s3.endpoint;
	if (strcmp(params->original->url, params->copy->url) != 0 ||
	    strcmp(one == NULL ? "" : one, other == NULL ? "" : other) != 0)
		return STATUS_OK;
	(void)error_set(err, STATUS_USAGE, "the copy is the repository itself");
	return error_hint(err, STATUS_USAGE,
			  "repo in the other configuration file must name another directory or bucket");
}

enum status mirror_run(const struct mirror_params *params, struct error *err)
{
	CLEANUP(mirror_freep) struct mirror *mirror = calloc(1, sizeof *mirror);
	if (mirror == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	mirror->params = params;
	enum status st = check_two(params, err);
	if (!st)
		st = repository_open(&mirror->original, params->original, params->call, err);
	if (st)
		return st;
	st = repository_open(&mirror->copy, params->copy, params->call, err);
	if (st)
		return error_wrap(err, st, "the copy");
	st = copier_start(&mirror->copier, params, &mirror->original, &mirror->copy, err);
	if (!st)
		st = copy_all(mirror, err);
	if (!st && !params->dry_run)
		take_figures(mirror, params->figures);
	return st ? st : report_end(&mirror->copier.report, err);
}
