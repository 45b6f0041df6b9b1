/* Counts the objects that need a key that is not configured, by key. Only one object of each key is named. */
#ifndef WALSHIP_VERIFY_MISSING_KEYS_H
#define WALSHIP_VERIFY_MISSING_KEYS_H

#include "console/console.h"
#include "format/keyring.h"
#include "pg/wal/name.h"

#define MISSING_KEYS_MAX 16 /* the objects of further keys are counted together */

struct missing_key {
	uint8_t id[KEY_ID_BYTES];
	uint64_t objects;
	char first[WAL_OBJECT_NAME_MAX]; /* object found with this key; objects come in no order */
};

struct missing_keys {
	struct missing_key keys[MISSING_KEYS_MAX];
	size_t key_count;
	uint64_t objects; /* of all keys */
	uint64_t further; /* of these, objects of keys beyond MISSING_KEYS_MAX */
};

/* Counts an object that needs this key. True for the first object of a key. */
bool missing_keys_add(struct missing_keys *missing_keys, const uint8_t key_id[KEY_ID_BYTES], const char *object);

/* Prints a line for each key, as text or as doc/json.md says. */
enum status missing_keys_print(const struct missing_keys *missing_keys, const struct console *console, bool json,
			       struct error *err);

#endif
