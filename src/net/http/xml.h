/*
 * Incremental parser for XML answers from S3 and STS (expat).
 *
 * All sizes are limited, and a document type is refused, so there are no entities to expand.
 */
#ifndef WALSHIP_NET_HTTP_XML_H
#define WALSHIP_NET_HTTP_XML_H

#include <stddef.h>

#include "walship/error.h"

#define XML_PATH_MAX 256                  /* "CompleteMultipartUploadResult/ChecksumCRC64NVME" has 51 characters */
#define XML_TEXT_MAX (16UL * 1024)        /* a key of 1024 bytes, each as %XX; a session token */
#define XML_REPLY_MAX (8UL * 1024 * 1024) /* a page of 1,000 keys of maximum length */

struct xml_reader;

/*
 * Receives the end of an element. path names it from the root: "Error/Code". text is the element's own text, valid only
 * during the call.
 */
typedef enum status (*xml_element_fn)(void *arg, const char *path, const char *text, struct error *err);

/*
 * Loads libexpat. STATUS_LOCAL when it is not found. xml_reader_new calls it; call it directly to be sure, before a
 * request, that the answer can be parsed. Any thread may call it.
 */
enum status xml_start(struct error *err);

/* STATUS_LOCAL when memory is short or libexpat is not found. */
enum status xml_reader_new(struct xml_reader **out, xml_element_fn each, void *arg, struct error *err);

/*
 * Parses the next bytes. STATUS_UNREACHABLE for malformed XML or an exceeded limit; otherwise the status of each. After
 * a failure only free the reader.
 */
enum status xml_reader_feed(struct xml_reader *reader, const void *data, size_t len, struct error *err);

/* Checks that the document is complete. */
enum status xml_reader_finish(struct xml_reader *reader, struct error *err);

void xml_reader_free(struct xml_reader *reader);

/* For CLEANUP(xml_reader_freep) struct xml_reader *reader = NULL; */
static inline void xml_reader_freep(struct xml_reader **reader)
{
	xml_reader_free(*reader);
}

#endif
