#include "mirror/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define MANIFEST "manifest"

/* "<system id>/backup/<label>/" or "<system id>/dump/<label>/" of a name. False: it belongs to no group. */
static bool prefix_of(char out[BACKUP_OBJECT_NAME_MAX], const char *name)
{
	const char *kind = strchr(name, '/');
	const char *label = kind == NULL ? NULL : strchr(kind + 1, '/');
	const char *end = label == NULL ? NULL : strchr(label + 1, '/');
	if (end == NULL || end - name + 1 >= BACKUP_OBJECT_NAME_MAX ||
	    (strncmp(kind, "/backup/", 8) != 0 && strncmp(kind, "/dump/", 6) != 0))
		return false;
	(void)snprintf(out, BACKUP_OBJECT_NAME_MAX, "%.*s", (int)(end - name + 1), name);
	return true;
}

static size_t cluster_len(const char *name)
{
	const char *slash = strchr(name, '/');
	return slash == NULL ? 0 : (size_t)(slash - name) + 1;
}

static bool is_backup(const struct group *group, struct backup_object *out)
{
	char name[BACKUP_OBJECT_NAME_MAX + sizeof MANIFEST];
	(void)snprintf(name, sizeof name, "%s" MANIFEST, group->prefix);
	return backup_object_parse(out, name);
}

static bool is_full(const struct group *group)
{
	struct backup_object backup;
	return is_backup(group, &backup) && backup.label.type == BACKUP_FULL;
}

/* A whole full backup matters behind one of its cluster that differs. */
static bool is_kept(const struct groups *groups)
{
	const struct group *group = &groups->current;
	if (group->prefix[0] == '\0' || groups->count == 0)
		return group->differs;
	const struct group *before = &groups->items[groups->count - 1];
	return group->differs || (group->finished && is_full(group) &&
				  strncmp(before->prefix, group->prefix, cluster_len(group->prefix)) == 0);
}

enum status groups_end(struct groups *groups, struct error *err)
{
	if (is_kept(groups)) {
		struct group *items = array_grow(groups->items, groups->count, &groups->capacity, sizeof *items);
		if (items == NULL)
			return error_set(err, STATUS_LOCAL, "out of memory");
		groups->items = items;
		groups->items[groups->count++] = groups->current;
	}
	groups->current = (struct group){0};
	return STATUS_OK;
}

void groups_fini(struct groups *groups)
{
	free(groups->items);
	*groups = (struct groups){0};
}

bool group_is_manifest(const struct group *group, const char *name)
{
	size_t len = strlen(group->prefix);
	return strncmp(name, group->prefix, len) == 0 && strcmp(name + len, MANIFEST) == 0;
}

enum status groups_add(struct groups *groups, const struct mirror_entry *original, bool differs, bool *member,
		       struct error *err)
{
	char prefix[BACKUP_OBJECT_NAME_MAX];
	struct group *current = &groups->current;
	*member = prefix_of(prefix, original->name);
	if (!*member)
		return STATUS_OK;
	if (strcmp(prefix, current->prefix) != 0) {
		enum status st = groups_end(groups, err);
		if (st)
			return st;
		(void)strcpy(current->prefix, prefix);
	}
	current->differs |= differs;
	if (group_is_manifest(current, original->name)) {
		current->finished = true;
		current->modified_s = original->modified_s;
	}
	return STATUS_OK;
}

static void enter_cluster(struct group_trust *trust, const struct group *group)
{
	size_t len = cluster_len(group->prefix);
	if (strlen(trust->cluster) == len && strncmp(trust->cluster, group->prefix, len) == 0)
		return;
	*trust = (struct group_trust){0};
	(void)snprintf(trust->cluster, sizeof trust->cluster, "%.*s", (int)len, group->prefix);
}

bool group_trust_allows(struct group_trust *trust, const struct group *group)
{
	struct backup_object backup;
	enter_cluster(trust, group);
	if (!trust->broken || !is_backup(group, &backup) || backup.label.type == BACKUP_FULL)
		return true;
	return trust->ended_s > 0 && trust->ended_s < backup.label.begun_s;
}

void group_trust_note(struct group_trust *trust, const struct group *group, bool whole)
{
	struct backup_object backup;
	enter_cluster(trust, group);
	if (!is_backup(group, &backup))
		return;
	if (!whole) {
		trust->broken = true;
		trust->ended_s = 0;
	} else if (trust->broken && backup.label.type == BACKUP_FULL) {
		trust->ended_s = group->modified_s;
	}
}
