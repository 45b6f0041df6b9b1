#include "stream/codec/codec.h"

#include <stdlib.h>
#include <string.h>

static enum status copy(struct transform *transform, struct block *block, struct error *err)
{
	(void)transform;
	if (block->in_len > block->out_size)
		return error_set(err, STATUS_DAMAGED, "the content is longer than %zu bytes", block->out_size);
	if (block->in_len > 0)
		memcpy(block->out, block->in, block->in_len);
	block->out_len = block->in_len;
	return STATUS_OK;
}

static void none_free(struct transform *transform)
{
	free(transform);
}

static enum status none_decompressor(struct transform **out, struct error *err)
{
	static const struct transform_ops ops = {copy, none_free};
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(*out)->ops = &ops;
	return STATUS_OK;
}

static enum status none_compressor(struct transform **out, int level, struct error *err)
{
	(void)level;
	return none_decompressor(out, err);
}

#ifdef WALSHIP_ZSTD
#define ZSTD zstd_compressor, zstd_decompressor
#else
#define ZSTD NULL, NULL
#endif
#ifdef WALSHIP_LZ4
#define LZ4 lz4_compressor, lz4_decompressor
#else
#define LZ4 NULL, NULL
#endif

static const struct codec codecs[] = {
    {0, "none", none_compressor, none_decompressor},
    {1, "gzip", gzip_compressor, gzip_decompressor},
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
	if (codec->compressor != NULL)
		return STATUS_OK;
	(void)error_set(err, absent, "this walship was built without %s", codec->name);
	return error_hint(err, absent, "build it with meson's -D%s=enabled", codec->name);
}
