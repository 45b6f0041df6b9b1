/* walship report: a page that shows what a repository holds, what can be recovered, and what is wrong. */
#ifndef WALSHIP_REPORT_REPORT_H
#define WALSHIP_REPORT_REPORT_H

#include "console/console.h"
#include "monitor/health.h"
#include "repo/settings.h"

struct report_params {
	const struct repository_settings *repository;
	const struct health_settings *health;
	const struct console *console;
	uint64_t system_id; /* the only cluster to show; 0: all clusters */
	const char *file;   /* replaced atomically; NULL: standard output */
};

/*
 * Writes one HTML document, UTF-8, that needs no other file and no script. It is written also where the repository is
 * empty or something is wrong: the page says so, and the status is STATUS_OK.
 */
enum status report_write(const struct report_params *params, struct error *err);

#endif
