/* Chooses the gzip implementation. */
#include "stream/codec/codec.h"

#ifdef WALSHIP_ISAL
/* ISA-L reads all gzip data faster. */
enum status gzip_compress(struct sink **chain, int level, struct error *err)
{
	return level <= ISAL_LEVEL_MAX ? isal_compress(chain, level, err) : zlib_compress(chain, level, err);
}

enum status gzip_decompress(struct sink **chain, struct error *err)
{
	return isal_decompress(chain, err);
}
#else
/*
 * On WAL, zlib's levels 1 to 3 lose 7% to 10% of level 6's ratio and its level 4 loses 4%. ISA-L's levels lose 6%, so
 * level 4 is the closest replacement.
 */
enum status gzip_compress(struct sink **chain, int level, struct error *err)
{
	return zlib_compress(chain, level < 4 ? 4 : level, err);
}

enum status gzip_decompress(struct sink **chain, struct error *err)
{
	return zlib_decompress(chain, err);
}
#endif
