/* Which implementation of gzip does the work. */
#include "stream/codec/codec.h"

#ifdef WALSHIP_ISAL
/* ISA-L reads the blocks of every writer faster than zlib does. */
enum status gzip_compressor(struct compressor **out, int level, struct error *err)
{
	return level <= ISAL_LEVEL_MAX ? isal_compressor(out, level, err) : zlib_compressor(out, level, err);
}

enum status gzip_decompressor(struct decompressor **out, struct error *err)
{
	return isal_decompressor(out, err);
}
#else
/*
 * zlib's own levels 1 to 3 give up 7% to 10% of level 6's ratio on WAL, its level 4 gives up 4%: ISA-L, which takes
 * their place elsewhere, gives up 6%, and level 4 is nearest to that.
 */
enum status gzip_compressor(struct compressor **out, int level, struct error *err)
{
	return zlib_compressor(out, level < 4 ? 4 : level, err);
}

enum status gzip_decompressor(struct decompressor **out, struct error *err)
{
	return zlib_decompressor(out, err);
}
#endif
