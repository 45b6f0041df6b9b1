#include "stream/codec/codec.h"

#include <string.h>

/* Without compression no stage is needed. */
static enum status none_compress(struct sink **chain, int level, struct error *err)
{
	(void)chain;
	(void)level;
	(void)err;
	return STATUS_OK;
}

static enum status none_decompress(struct sink **chain, struct error *err)
{
	(void)chain;
	(void)err;
	return STATUS_OK;
}

#ifdef WALSHIP_ZSTD
#define ZSTD zstd_compress, zstd_decompress
#else
#define ZSTD NULL, NULL
#endif
#ifdef WALSHIP_LZ4
#define LZ4 lz4_compress, lz4_decompress
#else
#define LZ4 NULL, NULL
#endif

static const struct codec codecs[] = {
    {0, "none", none_compress, none_decompress},
    {1, "gzip", gzip_compress, gzip_decompress},
    {2, "zstd", ZSTD},
    {3, "lz4", LZ4},
};
#define CODEC_COUNT (sizeof codecs / sizeof codecs[0])

const struct codec *codec_by_id(uint8_t id)
{
	for (size_t i = 0; i < CODEC_COUNT; i++)
		if (codecs[i].id == id)
			return &codecs[i];
	return NULL;
}

const struct codec *codec_by_name(const char *name)
{
	for (size_t i = 0; i < CODEC_COUNT; i++)
		if (strcmp(codecs[i].name, name) == 0)
			return &codecs[i];
	return NULL;
}

enum status codec_check(const struct codec *codec, enum status absent, struct error *err)
{
	if (codec->compress != NULL)
		return STATUS_OK;
	(void)error_set(err, absent, "this walship was built without %s", codec->name);
	return error_hint(err, absent, "build it with meson's -D%s=enabled", codec->name);
}
