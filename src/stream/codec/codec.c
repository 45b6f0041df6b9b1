#include "stream/codec/codec.h"

#include <stdlib.h>
#include <string.h>

static enum status copy(struct compressor *compressor, struct block *block, struct error *err)
{
	(void)compressor;
	if (block->in_len > block->out_size)
		return error_set(err, STATUS_LOCAL, "out of memory for a block of %zu bytes", block->in_len);
	if (block->in_len > 0)
		memcpy(block->out, block->in, block->in_len);
	block->out_len = block->in_len;
	return STATUS_OK;
}

static void compressor_end(struct compressor *compressor)
{
	free(compressor);
}

static enum status none_compressor(struct compressor **out, int level, struct error *err)
{
	static const struct compressor_ops ops = {copy, compressor_end};
	(void)level;
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(*out)->ops = &ops;
	return STATUS_OK;
}

static enum status pass_on(struct decompressor *decompressor, const struct packed *packed, struct sink *content,
			   struct error *err)
{
	(void)decompressor;
	return sink_write(content, packed->data, packed->len, err);
}

static void decompressor_end(struct decompressor *decompressor)
{
	free(decompressor);
}

static enum status none_decompressor(struct decompressor **out, struct error *err)
{
	static const struct decompressor_ops ops = {"uncompressed", pass_on, decompressor_end};
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return error_set(err, STATUS_LOCAL, "out of memory");
	(*out)->ops = &ops;
	return STATUS_OK;
}

/* Between a decompressor and where its content goes. */
struct bound {
	struct sink sink;
	struct sink *next;
	const char *format;
	size_t len, max;
};

static enum status bound_write(struct sink *sink, const void *data, size_t len, struct error *err)
{
	struct bound *bound = (struct bound *)sink;
	if (len > bound->max - bound->len)
		return error_set(err, STATUS_DAMAGED, "damaged %s data: the content is longer than %zu bytes",
				 bound->format, bound->max);
	bound->len += len;
	return len == 0 ? STATUS_OK : sink_write(bound->next, data, len, err);
}

enum status decompressor_run(struct decompressor *decompressor, struct packed *packed, struct sink *content,
			     struct error *err)
{
	static const struct sink_ops ops = {.write = bound_write};
	struct bound bound = {{&ops}, content, decompressor->ops->format, 0, packed->content_max};
	enum status st = decompressor->ops->run(decompressor, packed, &bound.sink, err);
	packed->content_len = bound.len;
	return st;
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
    {0, true, "none", none_compressor, none_decompressor},
    {1, true, "gzip", gzip_compressor, gzip_decompressor},
    {2, false, "zstd", ZSTD},
    {3, false, "lz4", LZ4},
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
