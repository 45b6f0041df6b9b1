/* Any bytes as the XML of an answer, and as the body of an error. */
#include <string.h>

#include "base/cleanup.h"
#include "net/http/xml.h"
#include "store/s3/s3_private.h"
#include "target.h"

static enum status each(void *arg, const char *path, const char *text, struct error *err)
{
	(void)err;
	*(size_t *)arg += strlen(path) + strlen(text);
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct s3_reply reply;
	struct error err = {0};
	struct attempt attempt;
	size_t total = 0;
	CLEANUP(xml_reader_freep) struct xml_reader *reader = NULL;
	if (xml_reader_new(&reader, each, &total, &err) == STATUS_OK &&
	    xml_reader_feed(reader, data, size / 2, &err) == STATUS_OK &&
	    xml_reader_feed(reader, data + size / 2, size - size / 2, &err) == STATUS_OK)
		(void)xml_reader_finish(reader, &err);

	reply.http.outcome = HTTP_ANSWERED;
	reply.http.status = 404;
	reply.http.body_len = size < HTTP_BODY_MAX ? size : HTTP_BODY_MAX;
	memcpy(reply.http.body, data, reply.http.body_len);
	reply.http.body[reply.http.body_len] = '\0';
	s3_reply_read(&reply);
	s3_reply_judge(&reply, &attempt);
	MUST(s3_reply_failed(&reply));
	MUST(!s3_reply_says_missing(&reply) || strstr(reply.http.body, "<Error") != NULL);
	(void)s3_reply_error(&reply, "GET", &err);
	return 0;
}
