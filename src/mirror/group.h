/*
 * Groups of objects that are true only together: a base backup, a dump. Each has a manifest, which is made last, and is
 * copied last.
 */
#ifndef WALSHIP_MIRROR_GROUP_H
#define WALSHIP_MIRROR_GROUP_H

#include "catalog/label.h"
#include "mirror/merge.h"

/* One group of the repository, by what both listings said. */
struct group {
	char prefix[BACKUP_OBJECT_NAME_MAX]; /* "<system id>/backup/<label>/" */
	bool finished;                       /* it has a manifest */
	bool differs;                        /* an object lacks in the copy, or has another size there */
	int64_t modified_s;                  /* UTC; of the manifest */
};

/* In the order of names. */
struct groups {
	struct group *items;
	size_t count, capacity;
	struct group current; /* its objects are being listed; prefix "": none is */
};

void groups_fini(struct groups *groups);

/*
 * Takes the next object of the listing. *member: it belongs to a group, which is kept if it differs. Groups that do not
 * differ are kept only where group_trust needs them.
 */
enum status groups_add(struct groups *groups, const struct mirror_entry *original, bool differs, bool *member,
		       struct error *err);

/* At the end of the listing, before items are used. */
enum status groups_end(struct groups *groups, struct error *err);

/* Whether name is the group's manifest. */
bool group_is_manifest(const struct group *group, const char *name);

/*
 * Which base backups may need one that is not whole in the copy. Nobody without the keys can read what a backup needs.
 * So, from the first one of a cluster that is not whole, all differential and incremental ones count, but those that
 * began after a whole full backup had ended: they need nothing before it. The zero state is allowed.
 */
struct group_trust {
	char cluster[24]; /* "<system id>/" */
	bool broken;
	int64_t ended_s; /* UTC; of the newest whole full backup since then; 0: none */
};

/* Call both for each group in order: the first before its manifest is copied, the second afterwards. */
bool group_trust_allows(struct group_trust *trust, const struct group *group);
void group_trust_note(struct group_trust *trust, const struct group *group, bool whole);

#endif
