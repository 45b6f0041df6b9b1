#include "pg/data/page.h"

#include <string.h>

/* The layout of PageHeaderData, in the machine's byte order. */
struct page_header {
	uint32_t lsn_high, lsn_low;
	uint16_t checksum;
	uint16_t flags;
	uint16_t lower;
	uint16_t upper; /* 0 on a page that was never written */
};

#define SUMS 32 /* side by side, so that a compiler uses vector registers */
#define FNV_PRIME 16777619U

/* The start of each sum: checksumBaseOffsets. */
static const uint32_t start_values[SUMS] = {
    0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
    0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
    0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
    0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
};

/* FNV-1a over words instead of bytes, with a shift that brings the high bits down. */
static inline uint32_t mix(uint32_t sum, uint32_t word)
{
	uint32_t both = sum ^ word;
	return both * FNV_PRIME ^ both >> 17;
}

uint16_t page_checksum(const void *page, uint32_t number)
{
	uint32_t sums[SUMS], words[SUMS], result = 0;
	const uint8_t *at = page;
	memcpy(sums, start_values, sizeof sums);
	for (size_t row = 0; row < PAGE_BYTES / sizeof words; row++, at += sizeof words) {
		memcpy(words, at, sizeof words);
		if (row == 0) { /* the checksum's own field counts as zero */
			struct page_header header;
			memcpy(&header, words, sizeof header);
			header.checksum = 0;
			memcpy(words, &header, sizeof header);
		}
		for (size_t i = 0; i < SUMS; i++)
			sums[i] = mix(sums[i], words[i]);
	}
	for (size_t i = 0; i < SUMS; i++)
		result ^= mix(mix(sums[i], 0), 0);
	return (uint16_t)((result ^ number) % 65535 + 1);
}

enum page_state page_check(const void *page, uint32_t number, uint64_t start_lsn)
{
	struct page_header header;
	memcpy(&header, page, sizeof header);
	if (header.upper == 0)
		return PAGE_NEW;
	if (header.checksum == page_checksum(page, number))
		return PAGE_RIGHT;
	uint64_t lsn = (uint64_t)header.lsn_high << 32 | header.lsn_low;
	return start_lsn != 0 && lsn >= start_lsn ? PAGE_NEWER : PAGE_WRONG;
}
