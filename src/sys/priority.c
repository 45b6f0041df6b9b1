#include "sys/priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICENESS 10
/* ioprio_set(2), which has no function in the C library: the best-effort class, and its lowest level. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_BEST_EFFORT_LOWEST (2 << 13 | 7)

void priority_lower(void)
{
	if (getpriority(PRIO_PROCESS, 0) < NICENESS)
		(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_BEST_EFFORT_LOWEST);
}
