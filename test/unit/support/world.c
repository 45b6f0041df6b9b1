#include "world.h"

#include <string.h>

static int64_t fake_monotonic_ms(void *arg)
{
	struct world *world = arg;
	world->monotonic_ms += world->step_ms;
	return world->monotonic_ms;
}

static int64_t fake_utc_s(void *arg)
{
	return ((struct world *)arg)->utc_s;
}

static void fake_sleep_ms(void *arg, int64_t ms)
{
	struct world *world = arg;
	world->monotonic_ms += ms;
	world->slept_ms += ms;
	world->sleeps++;
}

static int fake_fill(void *arg, void *buf, size_t bytes)
{
	struct world *world = arg;
	memset(buf, world->random_byte, bytes);
	return world->random_fails ? -1 : 0;
}

static void fake_write(const struct log *log, enum log_level level, const char *line)
{
	struct world *world = log->arg;
	struct error err;
	(void)level;
	(void)buffer_printf(&world->logged, &err, "%s\n", line);
}

void world_init(struct world *world)
{
	*world = (struct world){.monotonic_ms = 1000, .utc_s = 1};
	world->clock = (struct clock){fake_monotonic_ms, fake_utc_s, fake_sleep_ms, world};
	world->random = (struct random_source){fake_fill, world};
	world->log = (struct log){LEVEL_DEBUG, fake_write, world, NULL};
	world->call = (struct call){
	    .clock = &world->clock, .random = &world->random, .log = &world->log, .deadline_ms = 3600 * 1000};
}

void world_fini(struct world *world)
{
	buffer_fini(&world->logged);
}
