#include "base/random.h"

#include <unistd.h>

#define GETENTROPY_MAX 256 /* limit of getentropy(3); a key has 32 bytes */

static int system_fill(void *arg, void *buf, size_t bytes)
{
	(void)arg;
	return bytes > GETENTROPY_MAX ? -1 : getentropy(buf, bytes);
}

const struct random_source system_random = {.fill = system_fill};

enum status random_fill(const struct random_source *random, void *buf, size_t bytes, struct error *err)
{
	if (random->fill(random->arg, buf, bytes) != 0)
		return error_set(err, STATUS_LOCAL, "no random bytes available");
	return STATUS_OK;
}
