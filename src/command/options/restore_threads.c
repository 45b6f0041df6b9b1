#include "command/options/restore_threads.h"

#include "command/options/settings.h"
#include "sys/processors.h"

#define THREADS_MAX 8 /* without restore-threads */

/* The bandwidth limit holds for each connection: one thread keeps the total below it. */
unsigned restore_threads(const struct config *config)
{
	unsigned wanted = (unsigned)config_number(config, OPTION_ID_RESTORE_THREADS), processors = processors_count();
	if (settings_bandwidth_is_limited(config))
		return 1;
	if (wanted > 0)
		return wanted;
	/* Each waits half of its time: for the disk that it writes to, or for the store. */
	return processors < THREADS_MAX / 2 ? processors * 2 : THREADS_MAX;
}
