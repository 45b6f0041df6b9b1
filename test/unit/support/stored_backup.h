/* Base backups of a directory of the test, in a repository of the test: "data" and "repo" below the test's directory.
 */
#ifndef TEST_SUPPORT_STORED_BACKUP_H
#define TEST_SUPPORT_STORED_BACKUP_H

#include "base/call.h"
#include "catalog/manifest.h"
#include "repo/repository.h"

#define STORED_BACKUP_SYSTEM_ID 42
#define STORED_BACKUP_VERSION "PG_15_202209061" /* of the server, in tablespaces */

/* Opens an encrypted repository; settings must outlive it. */
void stored_backup_repository(struct repository *repo, struct repository_settings *settings, const struct call *call);

/* A manifest without content, but with a label, backup_label and pg_control. parent NULL: of a full backup. */
void stored_backup_describe(struct manifest *manifest, const struct manifest *parent, int64_t begun_s);

/* Stores the directory as it is, with packs of 256 KiB from two threads, and fills the manifest of a description. */
void stored_backup_make(struct repository *repo, const struct call *call, const struct manifest *parent,
			struct manifest *manifest);

#endif
