/* Objects of a repository: their content as a whole or in part, and new ones. */
#ifndef WALSHIP_REPO_OBJECT_H
#define WALSHIP_REPO_OBJECT_H

#include "base/buffer.h"
#include "format/unseal.h"
#include "repo/repository.h"
#include "stream/byte_counter.h"

/*
 * Appends the object's whole content to out, verified. Takes one step of the call. STATUS_DAMAGED when the content
 * exceeds out->max. lack may be NULL.
 */
enum status object_read(const struct repository *repo, const struct call *call, const char *name, struct buffer *out,
			struct unseal_lack *lack, struct error *err);

/*
 * Reads the first len bytes of the object's content. They are genuine; that the object is whole is not known.
 * STATUS_DAMAGED when the content is shorter.
 */
enum status object_read_head(const struct repository *repo, const struct call *call, const char *name, void *out,
			     size_t len, struct unseal_lack *lack, struct error *err);

struct object_settings {
	const struct codec *codec;
	int level;
	unsigned threads;            /* that compress and encrypt; up to 1: the caller's alone */
	struct byte_counter *stored; /* receives the size of the object; NULL: not wanted. Must outlive the writer */
};

/*
 * Opens a writer for a new object, which takes the plain content; its finish creates the object. STATUS_EXISTS, from
 * here or from finish, when the name is taken. call and name must outlive the writer, which the caller owns. The first
 * key of the repository encrypts, unless the settings say that nothing is encrypted.
 */
enum status object_begin(const struct repository *repo, const struct call *call, const char *name,
			 const struct object_settings *settings, struct sink **out, struct error *err);

/* Creates an object with this content. STATUS_EXISTS when the name is taken, with any content. */
enum status object_create_with(const struct repository *repo, const struct call *call, const char *name,
			       const struct object_settings *settings, const void *content, size_t len,
			       struct error *err);

/* The same for a small object, which is not compressed. */
enum status object_create(const struct repository *repo, const struct call *call, const char *name, const void *content,
			  size_t len, struct error *err);

#endif
