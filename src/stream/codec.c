#include "stream/codec.h"

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

static const struct codec codecs[] = {
    {0, "none", none_compress, none_decompress},
    {1, "gzip", gzip_compress, gzip_decompress},
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
