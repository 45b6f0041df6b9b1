#include "command/options/restore_threads.h"

#include "command/options/settings.h"
#include "job/pipeline.h"
#include "sys/processors.h"

/* The bandwidth limit holds for each connection: one thread keeps the total below it. */
unsigned restore_threads(const struct config *config)
{
	unsigned wanted = (unsigned)config_number(config, OPTION_ID_RESTORE_THREADS), processors = processors_count();
	if (settings_bandwidth_is_limited(config))
		return 1;
	if (wanted > 0)
		return wanted;
	return processors < PIPELINE_THREADS_MAX ? processors : PIPELINE_THREADS_MAX;
}
