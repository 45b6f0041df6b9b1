#include "net/http/xml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "sys/dynlib.h"

/* The functions of libexpat that walship uses; xml_start loads them. */
#define FUNCTIONS(_)                                                                                                   \
	_(XML_ErrorString)                                                                                             \
	_(XML_GetErrorCode)                                                                                            \
	_(XML_Parse)                                                                                                   \
	_(XML_ParserCreate)                                                                                            \
	_(XML_ParserFree)                                                                                              \
	_(XML_SetCharacterDataHandler)                                                                                 \
	_(XML_SetElementHandler)                                                                                       \
	_(XML_SetStartDoctypeDeclHandler)                                                                              \
	_(XML_SetUserData)                                                                                             \
	_(XML_StopParser)

static struct {
	FUNCTIONS(DYNLIB_POINTER)
} libexpat;

#define SYMBOL(function) {#function, &libexpat.function},
static const struct dynlib_symbol symbols[] = {FUNCTIONS(SYMBOL)};

/* The soname has been libexpat.so.1 since 2.0 (2006). */
static const struct dynlib library = {
    .soname = "libexpat.so.1",
    .hint = "install expat (Debian: libexpat1; Red Hat: expat; Alpine: libexpat)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};
DYNLIB_NOTE("libexpat.so.1", "s3", "recommended");

struct xml_reader {
	XML_Parser parser;
	xml_element_fn each;
	void *arg;
	struct error *err;  /* valid during feed and finish */
	enum status status; /* of the first failed callback */
	char path[XML_PATH_MAX];
	size_t path_len;
	char text[XML_TEXT_MAX + 1];
	size_t text_len;
	size_t total;
	bool begun; /* data other than blanks has arrived */
};

static void stop(struct xml_reader *reader, const char *why)
{
	if (reader->status == STATUS_OK)
		reader->status = error_set(reader->err, STATUS_UNREACHABLE, "XML %s", why);
	(void)libexpat.XML_StopParser(reader->parser, XML_FALSE);
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_reader *reader = arg;
	(void)attributes;
	size_t len = strlen(name);
	if (reader->path_len + 1 + len >= sizeof reader->path) {
		stop(reader, "is nested too deeply");
		return;
	}
	if (reader->path_len > 0)
		reader->path[reader->path_len++] = '/';
	memcpy(reader->path + reader->path_len, name, len + 1);
	reader->path_len += len;
	reader->text_len = 0;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
	struct xml_reader *reader = arg;
	if ((size_t)len > XML_TEXT_MAX - reader->text_len) {
		stop(reader, "has a text that is too long");
		return;
	}
	memcpy(reader->text + reader->text_len, text, (size_t)len);
	reader->text_len += (size_t)len;
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct xml_reader *reader = arg;
	/* libexpat may still report the end of the element at which a callback stopped. */
	if (reader->status)
		return;
	reader->text[reader->text_len] = '\0';
	reader->status = reader->each(reader->arg, reader->path, reader->text, reader->err);
	if (reader->status)
		(void)libexpat.XML_StopParser(reader->parser, XML_FALSE);
	size_t len = strlen(name);
	reader->path_len -= len;
	if (reader->path_len > 0)
		reader->path_len--;
	reader->path[reader->path_len] = '\0';
	reader->text_len = 0;
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
			       int has_internal_subset)
{
	(void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
	stop(arg, "has a document type");
}

enum status xml_start(struct error *err)
{
	return dynlib_load(&library, err);
}

enum status xml_reader_new(struct xml_reader **out, xml_element_fn each, void *arg, struct error *err)
{
	if (xml_start(err))
		return STATUS_LOCAL;
	struct xml_reader *reader = calloc(1, sizeof *reader);
	XML_Parser parser = libexpat.XML_ParserCreate("UTF-8");
	if (reader == NULL || parser == NULL) {
		free(reader);
		libexpat.XML_ParserFree(parser);
		return error_set(err, STATUS_LOCAL, "out of memory");
	}
	*reader = (struct xml_reader){.parser = parser, .each = each, .arg = arg};
	libexpat.XML_SetUserData(parser, reader);
	libexpat.XML_SetElementHandler(parser, on_start, on_end);
	libexpat.XML_SetCharacterDataHandler(parser, on_text);
	libexpat.XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	*out = reader;
	return STATUS_OK;
}

static enum status parse(struct xml_reader *reader, const char *data, size_t len, bool last, struct error *err)
{
	reader->err = err;
	if (libexpat.XML_Parse(reader->parser, data, (int)len, last) == XML_STATUS_OK)
		return STATUS_OK;
	if (reader->status)
		return reader->status;
	/* expat 2.9 deprecates the functions that return a position, and older versions lack the new ones. */
	reader->status = error_set(err, STATUS_UNREACHABLE, "malformed XML: %s",
				   libexpat.XML_ErrorString(libexpat.XML_GetErrorCode(reader->parser)));
	return reader->status;
}

enum status xml_reader_feed(struct xml_reader *reader, const void *data, size_t len, struct error *err)
{
	const char *text = data;
	if (len > XML_REPLY_MAX - reader->total)
		return error_set(err, STATUS_UNREACHABLE, "XML is longer than %lu bytes", XML_REPLY_MAX);
	reader->total += len;
	/* S3 sends blanks to keep a connection alive, even before "<?xml". */
	while (!reader->begun && len > 0 && strchr(" \t\r\n", *text) != NULL && *text != '\0') {
		text++;
		len--;
	}
	if (len == 0)
		return STATUS_OK;
	reader->begun = true;
	return parse(reader, text, len, false, err);
}

enum status xml_reader_finish(struct xml_reader *reader, struct error *err)
{
	return parse(reader, "", 0, true, err);
}

void xml_reader_free(struct xml_reader *reader)
{
	if (reader == NULL)
		return;
	libexpat.XML_ParserFree(reader->parser);
	free(reader);
}
