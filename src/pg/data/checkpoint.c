#include "pg/data/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/read_file.h"

#define VERSION_MIN 1100 /* PostgreSQL 11, which dropped prevCheckPoint */

/* The file's layout, in the machine's byte order and alignment. */
struct control_file {
	uint64_t system_id;
	uint32_t version;
	uint32_t catalog_version;
	uint32_t state;
	int64_t time;
	uint64_t checkpoint_lsn;
	uint64_t redo_lsn;
	uint32_t timeline;
};

#define IN_ARCHIVE_RECOVERY 5

/* The names of enum DBState, from dbState() in pg_controldata.c. */
static const char *const states[] = {
    "starting up",       "shut down",           "shut down in recovery", "shutting down",
    "in crash recovery", "in archive recovery", "in production",
};

enum status checkpoint_read(struct checkpoint *out, const char *data_directory, struct error *err)
{
	char path[PATH_MAX];
	struct control_file control = {0};
	*out = (struct checkpoint){0};
	if (snprintf(path, sizeof path, "%s/global/pg_control", data_directory) >= (int)sizeof path)
		return error_set(err, STATUS_LOCAL, "path too long: %.64s...", data_directory);
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read_file_open(fd, &control, sizeof control);
	if (got < 0)
		return error_errno(err, STATUS_LOCAL, errno, "read %s", path);
	size_t states_count = sizeof states / sizeof states[0];
	if ((size_t)got < sizeof control || control.version < VERSION_MIN || control.state >= states_count)
		return error_set(err, STATUS_MISSING, "%s is not from PostgreSQL 11 or later", path);
	out->state = states[control.state];
	out->is_standby = control.state == IN_ARCHIVE_RECOVERY;
	out->timeline = control.timeline;
	out->redo_lsn = control.redo_lsn;
	return STATUS_OK;
}
