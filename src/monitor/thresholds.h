/* From which values on walship status reports WARNING and CRITICAL. */
#ifndef WALSHIP_MONITOR_THRESHOLDS_H
#define WALSHIP_MONITOR_THRESHOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct threshold {
	uint64_t warning, critical;
};

struct thresholds {
	struct threshold age_ms, ready_files, ready_bytes; /* reached or exceeded */
	struct threshold disk_left_ms;                     /* reached or fallen below */
	struct threshold full_ms, backup_ms; /* age of the newest full backup, and of the newest of any type: reached */
	struct threshold mirror_ms;          /* age of the last good run of walship mirror: reached */
	uint64_t growth_bytes;               /* a day that stores less is a warning; 0: none is */
	bool backup_expected;                /* a repository without base backups is a fault */
	struct threshold dump_ms;            /* age of the newest dump: reached; 0: no age is too much */
	bool dump_expected;                  /* a repository without dumps is a fault; else dumps are not looked at */
	struct threshold drill_ms;           /* age of the newest drill: reached; 0: no age is too great */
	bool drill_expected;                 /* a repository without a drill is a fault */
};

#endif
