#include "verify/joint.h"

#include <stdlib.h>
#include <string.h>

enum status joints_init(struct joints *joints, size_t jobs, struct error *err)
{
	joints->count = 2 * jobs + 1;
	joints->items = calloc(joints->count, sizeof *joints->items);
	return joints->items == NULL ? error_set(err, STATUS_LOCAL, "out of memory") : STATUS_OK;
}

void joints_fini(struct joints *joints)
{
	for (size_t i = 0; i < joints->count && joints->items != NULL; i++)
		free(joints->items[i].head);
	free(joints->items);
	*joints = (struct joints){0};
}

/* The joint in front of this job, perhaps a new one; NULL when there is no room, which cannot be. */
static struct joint *find(struct joints *joints, uint64_t number)
{
	struct joint *free_one = NULL;
	for (size_t i = 0; i < joints->count; i++) {
		if (joints->items[i].number == number)
			return &joints->items[i];
		if (joints->items[i].number == 0)
			free_one = &joints->items[i];
	}
	if (free_one != NULL)
		free_one->number = number;
	return free_one;
}

static enum joint_outcome join(struct joint *joint, struct error *err)
{
	if (!joint->tail_good || !joint->head_good)
		return JOINT_NONE;
	bool open = records_are_open(&joint->tail);
	if (joint->head == NULL)
		return open ? JOINT_SKIPPED : JOINT_NONE;
	if (records_feed(&joint->tail, joint->head, joint->head_len, err))
		return JOINT_DAMAGED;
	if (!open)
		return JOINT_NONE;
	return records_are_open(&joint->tail) ? JOINT_SKIPPED : JOINT_GOOD;
}

static enum joint_outcome settle(struct joint *joint, struct error *err)
{
	if (!joint->has_tail || !joint->has_head)
		return JOINT_NONE;
	enum joint_outcome outcome = join(joint, err);
	free(joint->head);
	*joint = (struct joint){0};
	return outcome;
}

enum joint_outcome joints_end(struct joints *joints, uint64_t number, const struct inspected *inspected,
			      struct error *err)
{
	struct joint *joint = find(joints, number + 1);
	if (joint == NULL)
		return JOINT_SKIPPED;
	joint->has_tail = true;
	joint->tail_good = inspected->is_segment;
	joint->tail = inspected->records;
	return settle(joint, err);
}

/* Only the bytes before the first record that begins here belong to what went before. */
static void keep_head(struct joint *joint, const struct inspected *inspected)
{
	const struct records *records = &inspected->records;
	uint64_t begin = records->lsn - records->segment_bytes;
	uint64_t len = records->begun_lsn - begin;
	if (records->begun_lsn == 0 || len > inspected->head_len)
		return;
	joint->head = malloc((size_t)len);
	if (joint->head == NULL)
		return;
	memcpy(joint->head, inspected->head, (size_t)len);
	joint->head_len = (size_t)len;
}

enum joint_outcome joints_begin(struct joints *joints, uint64_t number, const struct inspected *inspected, bool follows,
				struct error *err)
{
	struct joint *joint = find(joints, number);
	if (joint == NULL)
		return JOINT_SKIPPED;
	joint->has_head = true;
	joint->head_good = inspected->is_segment && follows;
	/* The first job has none before it. */
	joint->has_tail |= number == 1;
	if (joint->head_good)
		keep_head(joint, inspected);
	return settle(joint, err);
}
