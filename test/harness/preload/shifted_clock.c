/*
 * For LD_PRELOAD: the time of day is off by the seconds in the file CLOCK_SHIFT_FILE, which are read once. The
 * monotonic clock and the times that the kernel gives to files stay as they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long shift(void)
{
	static long seconds;
	static int known;
	const char *path = getenv("CLOCK_SHIFT_FILE");
	FILE *file = known || path == NULL ? NULL : fopen(path, "re");
	if (file != NULL) {
		known = fscanf(file, "%ld", &seconds) == 1;
		(void)fclose(file);
	}
	return known ? seconds : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int code = (int)syscall(SYS_clock_gettime, clock, now);
	if (code == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += shift();
	return code;
}

time_t time(time_t *out)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
