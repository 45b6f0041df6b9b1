#include "console/measure.h"

#include <inttypes.h>
#include <stdio.h>

void measure_bytes(uint64_t bytes, char out[MEASURE_MAX])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;
	double value = (double)bytes / 1024;
	if (bytes < 1024) {
		(void)snprintf(out, MEASURE_MAX, "%" PRIu64 " B", bytes);
		return;
	}
	/* A value that would print as 1024.0 takes the next unit. */
	for (; value >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]; unit++)
		value /= 1024;
	(void)snprintf(out, MEASURE_MAX, "%.1f %s", value, units[unit]);
}

void measure_seconds(int64_t seconds, char out[MEASURE_MAX])
{
	int64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
	if (seconds < 60)
		(void)snprintf(out, MEASURE_MAX, "%" PRId64 " s", seconds > 0 ? seconds : 0);
	else if (hours == 0)
		(void)snprintf(out, MEASURE_MAX, "%" PRId64 " min", minutes);
	else if (days == 0)
		(void)snprintf(out, MEASURE_MAX, "%" PRId64 " h %" PRId64 " min", hours, minutes % 60);
	else
		(void)snprintf(out, MEASURE_MAX, "%" PRId64 " d %" PRId64 " h", days, hours % 24);
}
