/* The representation of a configuration, private to src/config. */
#ifndef WALSHIP_CONFIG_PRIVATE_H
#define WALSHIP_CONFIG_PRIVATE_H

#include "config/config.h"

enum rank { RANK_DEFAULT, RANK_ALSO, RANK_FILE, RANK_ENVIRONMENT, RANK_COMMAND };

struct item {
	char *text;
	char *source;
	size_t order; /* among the values of its rank */
};

struct setting {
	enum rank rank;
	struct item *items; /* one, except for lists */
	size_t count;
	uint64_t number;
};

struct config {
	char *path; /* of walship.conf; NULL without one */
	struct setting settings[OPTION_COUNT];
};

#endif
