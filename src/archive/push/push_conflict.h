/* Explains a push whose name is taken by an object other than that file, and what the operator can do. */
#ifndef WALSHIP_ARCHIVE_PUSH_PUSH_CONFLICT_H
#define WALSHIP_ARCHIVE_PUSH_PUSH_CONFLICT_H

#include "archive/push/push_source.h"
#include "format/unseal.h"
#include "stream/byte_counter.h"

/* A different file is archived; stored has its first bytes. Returns STATUS_CONFLICT. */
enum status push_conflict_explain(const struct push_source *source, const struct byte_counter *stored,
				  struct error *err);

/* The object cannot be opened. Returns STATUS_DAMAGED. */
enum status push_conflict_unreadable(const char *object, const struct unseal_lack *lack, struct error *err);

#endif
