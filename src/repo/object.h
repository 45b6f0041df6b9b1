/* The content of a small object, or the beginning of a large one, in memory. */
#ifndef WALSHIP_REPO_OBJECT_H
#define WALSHIP_REPO_OBJECT_H

#include "base/buffer.h"
#include "repo/repository.h"
#include "format/unseal.h"

/*
 * All of the object's content, verified, appended to out: one step of the call. More than out->max is STATUS_DAMAGED.
 * lack may be NULL.
 */
enum status object_read(struct repository *repo, const struct call *call, const char *name, struct buffer *out,
			struct unseal_lack *lack, struct error *err);

/*
 * The first bytes of the object's content, which are not verified: the tag stands at the end. STATUS_DAMAGED when
 * there are fewer.
 */
enum status object_read_head(struct repository *repo, const struct call *call, const char *name, void *out, size_t len,
			     struct unseal_lack *lack, struct error *err);

#endif
