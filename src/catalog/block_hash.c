#include "catalog/block_hash.h"

#include "pg/data/page.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(BLOCK_HASH_SECRET_BYTES >= XXH3_SECRET_SIZE_MIN, "XXH3 takes the secret");

void block_hash_init(struct block_hash *out, const uint8_t seed[BLOCK_HASH_SEED_BYTES])
{
	static const uint8_t zero_page[PAGE_BYTES];
	/* Fails only for a secret that is too short. */
	(void)XXH3_generateSecret(out->secret, sizeof out->secret, seed, BLOCK_HASH_SEED_BYTES);
	out->zero_page = block_hash(out, zero_page, sizeof zero_page);
}

uint64_t block_hash(const struct block_hash *hash, const void *block, size_t len)
{
	return XXH3_64bits_withSecret(block, len, hash->secret, sizeof hash->secret);
}
