/* The settings of a configuration, for tests of rooms below command/. */
#ifndef TEST_SUPPORT_SETTINGS_H
#define TEST_SUPPORT_SETTINGS_H

#include "config/config.h"
#include "repo/settings.h"

/* Storage of the process, good until four calls later; aborts when the options contradict each other. */
const struct repository_settings *settings_of(const struct config *config);

#endif
