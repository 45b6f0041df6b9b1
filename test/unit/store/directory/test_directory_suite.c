/* The directory store through the suite of all stores. */
#include "store/directory/directory.h"
#include "suite.h"
#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/world.h"

static struct store *open_store(void *arg)
{
	struct store *store = NULL;
	struct error err;
	enum status st = directory_store_open(((struct scratch *)arg)->path, &store, &err);
	assert_ok(st, err);
	return store;
}

int main(void)
{
	struct scratch dir;
	struct world world;
	scratch_init(&dir);
	world_init(&world);
	struct store_under_test directory = {.open = open_store, .arg = &dir, .call = &world.call};
	int failed = store_suite_run("store/directory, suite", &directory);
	world_fini(&world);
	scratch_fini(&dir);
	return failed;
}
