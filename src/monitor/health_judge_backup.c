/* walship status: whether base backups are recent. Without any, and without an option that expects them, all is well.
 */
#include <inttypes.h>
#include <stdio.h>

#include "monitor/health_judge_private.h"

#define NEWEST_TEXT_MAX 512 /* two labels and ages */

/* An unknown age is a warning. */
static enum health_level level_of(const struct health_age *age, const struct threshold *threshold)
{
	return age->known ? health_above((uint64_t)age->s * 1000, threshold) : HEALTH_WARNING;
}

static void judge_none(const struct thresholds *thresholds, struct health_check *check)
{
	if (thresholds->backup_expected) {
		health_say(check, HEALTH_CRITICAL, "the repository has no base backup of this cluster");
		health_advise(check, "make one: walship backup full");
		return;
	}
	health_say(check, HEALTH_OK, "not checked: the repository has no base backup of this cluster");
	check->skipped = true;
}

/* The first backup may be under way. */
static void judge_unfinished(const struct health *health, const struct thresholds *thresholds,
			     struct health_check *check)
{
	const struct health_backup *backup = &health->backup;
	struct health_age age = health_age(health, backup->first_s);
	if (backup->unreadable.text[0] != '\0') {
		health_say(check, HEALTH_UNKNOWN, "base backup %s cannot be opened: %s", backup->unreadable.text,
			   backup->why);
		health_advise(check,
			      "walship backup list shows all backups; add the missing key, or make a new backup");
		return;
	}
	health_say(check, level_of(&age, &thresholds->full_ms), "no base backup has finished; one began %s", age.ago);
	if (check->level != HEALTH_OK)
		health_advise(check, "look for the errors of walship backup, and make one: walship backup full");
	health_advise_clock(check, &age);
}

/* Sets the level; the text is what the ages say. */
static enum health_level judge_ages(const struct health *health, const struct thresholds *thresholds,
				    struct health_check *check, char text[NEWEST_TEXT_MAX])
{
	const struct health_backup *backup = &health->backup;
	struct health_age newest = health_age(health, backup->newest_s);
	enum health_level level = level_of(&newest, &thresholds->backup_ms);
	if (backup->newest.type == BACKUP_FULL) {
		level = health_worse(level, level_of(&newest, &thresholds->full_ms));
		(void)snprintf(text, NEWEST_TEXT_MAX, "the newest is %s, %s", backup->newest.text, newest.old);
		health_advise_clock(check, &newest);
		return level;
	}
	if (backup->full.text[0] == '\0') {
		(void)snprintf(text, NEWEST_TEXT_MAX, "the newest is %s, %s; no full backup found", backup->newest.text,
			       newest.old);
		return health_worse(level, HEALTH_WARNING);
	}
	struct health_age full = health_age(health, backup->full_s);
	(void)snprintf(text, NEWEST_TEXT_MAX, "the newest is %s, %s; the newest full one is %s, %s",
		       backup->newest.text, newest.old, backup->full.text, full.old);
	health_advise_clock(check, &newest);
	health_advise_clock(check, &full);
	return health_worse(level, level_of(&full, &thresholds->full_ms));
}

static void judge_newest(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_backup *backup = &health->backup;
	char text[NEWEST_TEXT_MAX];
	enum health_level level = judge_ages(health, thresholds, check, text);
	if (backup->wrong_pages > 0) {
		health_say(check, HEALTH_CRITICAL,
			   "%" PRIu64 " page%s a wrong checksum in the server when %s was made; %s",
			   backup->wrong_pages, backup->wrong_pages == 1 ? " had" : "s had", backup->wrong.text, text);
		health_advise(check,
			      "the server's data is damaged: the manifest names the pages, and an older backup may "
			      "have them intact; walship backup keep protects it");
	} else if (backup->unreadable.text[0] != '\0') {
		health_say(check, health_worse(level, HEALTH_WARNING), "base backup %s cannot be opened: %s; %s",
			   backup->unreadable.text, backup->why, text);
		health_advise(check, "walship verify says which backups can be restored");
	} else if (backup->unfinished > 1) {
		health_say(check, health_worse(level, HEALTH_WARNING),
			   "%" PRIu64 " backups began after the newest one and have not finished; %s",
			   backup->unfinished, text);
		health_advise(check, "look at the errors of walship backup; walship expire removes unfinished backups");
	} else {
		health_say(check, level, "%s", text);
		if (level != HEALTH_OK && check->hint[0] == '\0')
			health_advise(check, "make a backup: walship backup; if backups are meant to be rarer, set "
					     "status-backup-warning and its like");
	}
}

void health_judge_backup(const struct health *health, const struct thresholds *thresholds, struct health_check *check)
{
	const struct health_backup *backup = &health->backup;
	if (!backup->known) {
		health_say(check, HEALTH_UNKNOWN, "cannot read the repository");
		return;
	}
	if (backup->newest.text[0] != '\0')
		judge_newest(health, thresholds, check);
	else if (backup->first_s != 0)
		judge_unfinished(health, thresholds, check);
	else
		judge_none(thresholds, check);
}
