/* What status knows of the copies that mirror-conf names. */
#ifndef WALSHIP_MONITOR_HEALTH_MIRROR_H
#define WALSHIP_MONITOR_HEALTH_MIRROR_H

#include <stddef.h>

#include "repo/mirror_note.h"

#define HEALTH_MIRRORS_MAX 16
#define HEALTH_MIRROR_URL_MAX 512

struct health_mirror {
	const char *conf;                /* the configuration file of the copy */
	char url[HEALTH_MIRROR_URL_MAX]; /* "": trouble says why */
	struct error trouble;            /* of the configuration file */
	struct mirror_note note;         /* zero where the spool has none */
};

struct health_mirrors {
	struct health_mirror items[HEALTH_MIRRORS_MAX];
	size_t count;
};

#endif
