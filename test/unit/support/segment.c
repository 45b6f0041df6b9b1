#include "segment.h"

struct segment_header segment_header_make(uint32_t timeline, uint32_t log, uint32_t segment, uint32_t segment_bytes)
{
	return (struct segment_header){
	    .magic = 0xD110,
	    .info = 2,
	    .timeline = timeline,
	    .address = ((uint64_t)log << 32) + (uint64_t)segment * segment_bytes,
	    .system_id = 42,
	    .segment_bytes = segment_bytes,
	    .page_bytes = 8192,
	};
}
