/*
 * What one core does in memory, without files, processes or a program around it: the limit of each stage.
 *
 *     limits FILE...      WAL segments; writes lines "STAGE SECONDS TAKEN MADE", the last two in MB
 */
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define FILES_MAX 1024
#define DEFAULT_LEVEL 1 /* of ISA-L: what walship writes unless it is told otherwise, and so what it reads */
#define SLACK 65536     /* what a stage may add to a segment that it cannot make smaller */

struct data {
	uint8_t *bytes;
	size_t length;
};

static struct data wal[FILES_MAX], packed[FILES_MAX];
static uint8_t *out, *workspace;
static size_t out_bytes;
static int count;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void load(const char *path, struct data *into)
{
	struct stat info;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &info) != 0)
		die(path);
	into->length = (size_t)info.st_size;
	into->bytes = malloc(into->length);
	if (!into->bytes || read(fd, into->bytes, into->length) != (ssize_t)into->length)
		die(path);
	close(fd);
	if (out_bytes < into->length + SLACK)
		out_bytes = into->length + SLACK;
}

/* A stage takes one segment's bytes and returns how many it made in out. */
typedef size_t stage_fn(struct data in, int level);

/* The best of three, over all segments. */
static void measure(const char *name, struct data *in, stage_fn *stage, int level)
{
	size_t taken = 0, made = 0;
	double best = 0;

	for (int turn = 0; turn < 3; turn++) {
		double begin = now(), seconds;

		taken = made = 0;
		for (int i = 0; i < count; i++) {
			taken += in[i].length;
			made += stage(in[i], level);
		}
		seconds = now() - begin;
		if (turn == 0 || seconds < best)
			best = seconds;
	}
	printf("%s %.6f %.3f %.3f\n", name, best, (double)taken / 1e6, (double)made / 1e6);
	fflush(stdout);
}

static size_t copy(struct data in, int level)
{
	(void)level;
	memcpy(out, in.bytes, in.length);
	return in.length;
}

static size_t isal_deflate_level(struct data in, int level)
{
	static const uint32_t sizes[] = {ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT,
					 ISAL_DEF_LVL3_DEFAULT};
	struct isal_zstream stream;

	isal_deflate_init(&stream);
	stream.next_in = in.bytes;
	stream.avail_in = (uint32_t)in.length;
	stream.next_out = out;
	stream.avail_out = (uint32_t)out_bytes;
	stream.end_of_stream = 1;
	stream.gzip_flag = IGZIP_GZIP;
	stream.level = (uint32_t)level;
	stream.level_buf = workspace;
	stream.level_buf_size = sizes[level];
	if (isal_deflate(&stream) != COMP_OK || stream.avail_in > 0)
		die("isal_deflate");
	return stream.total_out;
}

static size_t isal_inflate_gzip(struct data in, int level)
{
	struct inflate_state state;

	(void)level;
	isal_inflate_init(&state);
	state.crc_flag = ISAL_GZIP;
	state.next_in = in.bytes;
	state.avail_in = (uint32_t)in.length;
	state.next_out = out;
	state.avail_out = (uint32_t)out_bytes;
	if (isal_inflate(&state) != ISAL_DECOMP_OK || state.block_state != ISAL_BLOCK_FINISH)
		die("isal_inflate");
	return state.total_out;
}

static size_t zlib_deflate_level(struct data in, int level)
{
	z_stream stream = {
	    .next_in = in.bytes, .avail_in = (uInt)in.length, .next_out = out, .avail_out = (uInt)out_bytes};

	if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&stream, Z_FINISH) != Z_STREAM_END)
		die("deflate");
	deflateEnd(&stream);
	return stream.total_out;
}

static size_t zlib_inflate_gzip(struct data in, int level)
{
	z_stream stream = {
	    .next_in = in.bytes, .avail_in = (uInt)in.length, .next_out = out, .avail_out = (uInt)out_bytes};

	(void)level;
	if (inflateInit2(&stream, 15 + 16) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END)
		die("inflate");
	inflateEnd(&stream);
	return stream.total_out;
}

/* Without padding: what was encrypted here was not, and nobody looks at the plaintext. */
static size_t aes(struct data in, int encrypt)
{
	static const uint8_t key[32] = "any key will do to see how fast", iv[16] = "any iv, too";
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	int length = (int)(in.length / 16 * 16), made = 0;

	if (!context || !EVP_CipherInit_ex(context, EVP_aes_256_cbc(), NULL, key, iv, encrypt) ||
	    !EVP_CIPHER_CTX_set_padding(context, 0) || !EVP_CipherUpdate(context, out, &made, in.bytes, length))
		die("AES-256-CBC");
	EVP_CIPHER_CTX_free(context);
	return (size_t)made;
}

static size_t hmac(struct data in, int level)
{
	unsigned int length = 0;

	(void)level;
	if (!HMAC(EVP_sha256(), "key", 3, in.bytes, in.length, out, &length))
		die("HMAC-SHA-256");
	return length;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > FILES_MAX) {
		fprintf(stderr, "usage: limits FILE...\n");
		return 2;
	}
	for (count = 0; count < argc - 1; count++)
		load(argv[count + 1], &wal[count]);
	out = malloc(out_bytes);
	workspace = malloc(ISAL_DEF_LVL3_DEFAULT);
	if (!out || !workspace)
		die("memory");
	measure("memcpy", wal, copy, 0);
	measure("isal-1", wal, isal_deflate_level, 1);
	measure("isal-2", wal, isal_deflate_level, 2);
	measure("isal-3", wal, isal_deflate_level, 3);
	measure("zlib-1", wal, zlib_deflate_level, 1);
	measure("zlib-6", wal, zlib_deflate_level, 6);
	for (int i = 0; i < count; i++) {
		packed[i].length = isal_deflate_level(wal[i], DEFAULT_LEVEL);
		packed[i].bytes = malloc(packed[i].length);
		if (!packed[i].bytes)
			die("memory");
		memcpy(packed[i].bytes, out, packed[i].length);
	}
	measure("isal-inflate", packed, isal_inflate_gzip, 0);
	measure("zlib-inflate", packed, zlib_inflate_gzip, 0);
	measure("aes-encrypt", packed, aes, 1);
	measure("aes-decrypt", packed, aes, 0);
	measure("hmac", packed, hmac, 0);
	return 0;
}
