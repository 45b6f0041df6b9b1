/* Walks through a directory store. Private to directory.c. */
#ifndef WALSHIP_STORE_DIRECTORY_DIRECTORY_LIST_H
#define WALSHIP_STORE_DIRECTORY_DIRECTORY_LIST_H

#include "store/store.h"

struct directory_listing {
	const char *root;
	const char *prefix;
	bool level; /* as store_list_level; else as store_list */
	store_list_fn each;
	void *arg;
};

/* Lists the files below root. Holds a batch of one directory's names at each depth in memory. */
enum status directory_list_below(const struct directory_listing *listing, const struct call *call, struct error *err);

/* As store_examine, for what is below root. */
enum status directory_examine_below(const char *root, const struct call *call, const char *prefix, struct error *err);

#endif
