/* The machine's processors, as far as this process may use them. */
#ifndef WALSHIP_SYS_PROCESSORS_H
#define WALSHIP_SYS_PROCESSORS_H

/* By sched_getaffinity(2), which knows of cpusets and not of quotas; 1 at least. */
unsigned processors_count(void);

#endif
