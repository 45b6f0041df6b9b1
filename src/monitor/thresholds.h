/* From which values on walship status reports WARNING and CRITICAL. */
#ifndef WALSHIP_MONITOR_THRESHOLDS_H
#define WALSHIP_MONITOR_THRESHOLDS_H

#include <stdint.h>

struct threshold {
	uint64_t warning, critical;
};

struct thresholds {
	struct threshold age_ms, ready_files, ready_bytes; /* reached or exceeded */
	struct threshold disk_left_ms;                     /* reached or fallen below */
};

#endif
