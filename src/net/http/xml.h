/*
 * The XML of answers from S3 and STS, piece by piece as it comes from the connection (expat).
 *
 * Everything is bounded, and a document type is refused, so there are no entities to expand.
 */
#ifndef WALSHIP_NET_HTTP_XML_H
#define WALSHIP_NET_HTTP_XML_H

#include <stddef.h>

#include "walship/error.h"

#define XML_PATH_MAX 256                  /* "CompleteMultipartUploadResult/ChecksumCRC64NVME" has 51 characters */
#define XML_TEXT_MAX (16UL * 1024)        /* a key of 1024 bytes, each as %XX; a session token */
#define XML_REPLY_MAX (8UL * 1024 * 1024) /* a page of 1,000 keys, each of them as long as it can be */

struct xml_reader;

/* An element has ended. path names it from the root: "Error/Code". text is its own; valid during the call only. */
typedef enum status (*xml_element_fn)(void *arg, const char *path, const char *text, struct error *err);

/*
 * STATUS_LOCAL when libexpat is not there. Any thread may call it. A reader does; so does whoever must know before an
 * answer comes that it will be understood.
 */
enum status xml_start(struct error *err);

/* STATUS_LOCAL when memory is short, or libexpat is not there. */
enum status xml_reader_new(struct xml_reader **out, xml_element_fn each, void *arg, struct error *err);

/* STATUS_UNREACHABLE for what is not XML or passes a bound; or what each said. After a failure, only free. */
enum status xml_reader_feed(struct xml_reader *reader, const void *data, size_t len, struct error *err);

/* The document must be complete. */
enum status xml_reader_finish(struct xml_reader *reader, struct error *err);

void xml_reader_free(struct xml_reader *reader);

/* For CLEANUP(xml_reader_freep) struct xml_reader *reader = NULL; */
static inline void xml_reader_freep(struct xml_reader **reader)
{
	xml_reader_free(*reader);
}

#endif
