/*
 * New objects whose upload is repeated when an answer is lost: the repetition finds the name taken, by the first
 * upload.
 */
#ifndef WALSHIP_REPO_OWN_OBJECT_H
#define WALSHIP_REPO_OWN_OBJECT_H

#include "store/store.h"

/*
 * As store_create, for an object of format version 2. When finish finds the name taken, it reads the first bytes
 * of the object there. The salt in its header is random, so the same bytes are those of this very object, and finish
 * returns STATUS_OK.
 * store must outlive the writer.
 */
enum status own_object_create(struct store *store, const struct call *call, const char *name, struct sink **out,
			      struct error *err);

#endif
