/* The store that other tests use, through the suite of all stores. */
#include "suite.h"
#include "support/memory_store.h"
#include "support/world.h"

static struct store *open_store(void *arg)
{
	(void)arg;
	return memory_store_open();
}

int main(void)
{
	struct world world;
	world_init(&world);
	struct store_under_test memory = {.open = open_store, .call = &world.call};
	int failed = store_suite_run("store/memory", &memory);
	world_fini(&world);
	return failed;
}
