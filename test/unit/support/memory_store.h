/* A store in memory: the simplest thing that keeps the contract of store.h. */
#ifndef TEST_SUPPORT_MEMORY_STORE_H
#define TEST_SUPPORT_MEMORY_STORE_H

#include "base/buffer.h"
#include "store/store.h"

/* Aborts when memory is short. */
struct store *memory_store_open(void);

/* The bytes of an object, to be looked at or altered; NULL when there is none. The store's own. */
struct buffer *memory_store_bytes(struct store *store, const char *name);

/* From now on every operation fails with this (STATUS_OK: works again). */
void memory_store_break(struct store *store, enum status status);

/* As memory_store_break, for reads alone. */
void memory_store_break_reads(struct store *store, enum status status);

/* From now on finishing or reading an object takes this long on the call's clock, and fails if the time runs out. */
void memory_store_slow_down(struct store *store, int64_t ms);

/* The store keeps the next object, but its confirmation is lost. */
void memory_store_lose_answer(struct store *store);

#endif
