/* The number of processors that this process may use. */
#ifndef WALSHIP_SYS_PROCESSORS_H
#define WALSHIP_SYS_PROCESSORS_H

/* From sched_getaffinity(2), which respects cpusets but not quotas. At least 1. */
unsigned processors_count(void);

#endif
