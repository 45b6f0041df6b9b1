/* The directory store through the suite of all stores. */
#include "store/directory/directory.h"
#include "suite.h"
#include "support/cmocka.h"
#include "support/folder.h"
#include "support/world.h"

static struct store *open_store(void *arg)
{
	struct store *store = NULL;
	struct error err;
	enum status st = directory_store_open(((struct folder *)arg)->path, &store, &err);
	assert_ok(st, err);
	return store;
}

int main(void)
{
	struct folder folder;
	struct world world;
	folder_init(&folder);
	world_init(&world);
	struct store_under_test directory = {.open = open_store, .arg = &folder, .call = &world.call};
	int failed = store_suite_run("store/directory, suite", &directory);
	world_fini(&world);
	folder_fini(&folder);
	return failed;
}
