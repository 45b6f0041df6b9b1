/*
 * Notes in the spool that a base backup was removed and the WAL before the others was not yet: an expire that is
 * killed, or a `backup remove`, leaves WAL for the next expire. A lost note only leaves the WAL until another backup
 * goes.
 */
#ifndef WALSHIP_EXPIRE_WAL_NOTE_H
#define WALSHIP_EXPIRE_WAL_NOTE_H

#include "catalog/backup_list.h"
#include "repo/settings.h"

/* Before the backup is removed. */
void wal_note_put(const struct repository_settings *settings, uint64_t system_id, const struct backup_label *label);

/* Whether a backup was noted, and is not there any more. */
bool wal_note_holds(const struct repository_settings *settings, uint64_t system_id, const struct backup_list *list);

/* The WAL is removed. */
void wal_note_remove(const struct repository_settings *settings, uint64_t system_id);

#endif
