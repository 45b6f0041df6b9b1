#include "support/settings.h"

#include <stdlib.h>

#include "command/options/settings.h"

const struct repository_settings *settings_of(const struct config *config)
{
	static struct repository_settings slots[4];
	static unsigned next;
	struct repository_settings *settings = &slots[next++ % 4];
	struct command_context context = {.config = config};
	struct error err = {0};
	if (settings_repository(settings, &context, &err))
		abort();
	return settings;
}
