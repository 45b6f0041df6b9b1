/* The content of a small object, or the beginning of a large one, in memory. */
#ifndef WALSHIP_REPO_OBJECT_H
#define WALSHIP_REPO_OBJECT_H

#include "base/buffer.h"
#include "format/unseal.h"
#include "repo/repository.h"

/*
 * Appends the object's whole content to out, verified. Takes one step of the call. STATUS_DAMAGED when the content
 * exceeds out->max. lack may be NULL.
 */
enum status object_read(struct repository *repo, const struct call *call, const char *name, struct buffer *out,
			struct unseal_lack *lack, struct error *err);

/*
 * Reads the first len bytes of the object's content. They are genuine; that the object is whole is not known.
 * STATUS_DAMAGED when the content is shorter.
 */
enum status object_read_head(struct repository *repo, const struct call *call, const char *name, void *out, size_t len,
			     struct unseal_lack *lack, struct error *err);

/* Creates a small object with this content. STATUS_EXISTS when the name is taken, with any content. */
enum status object_create(const struct repository *repo, const struct call *call, const char *name, const void *content,
			  size_t len, struct error *err);

#endif
