#include "net/http/libcurl.h"

#include <pthread.h>
#include <stdbool.h>

#include "sys/dynlib.h"

struct libcurl libcurl;

static const struct dynlib_symbol symbols[] = {
#define LIBCURL(function) {"curl_" #function, &libcurl.function},
#include "net/http/libcurl.def"
#undef LIBCURL
};

/* The soname has been libcurl.so.4 since 7.16 (2006). */
static const struct dynlib library = {
    .soname = "libcurl.so.4",
    .hint = "install libcurl (Debian: libcurl4 or libcurl4t64; Red Hat: libcurl; Alpine: libcurl)",
    .symbols = symbols,
    .count = sizeof symbols / sizeof symbols[0],
};
DYNLIB_NOTE("libcurl.so.4", "s3", "recommended");

enum status libcurl_load(struct error *err)
{
	/* Before 7.84 curl_global_init is not thread-safe. It counts its calls. */
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	(void)pthread_mutex_lock(&mutex);
	enum status st = dynlib_load(&library, err);
	if (!st && libcurl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		st = error_set(err, STATUS_LOCAL, "cannot initialize libcurl");
	(void)pthread_mutex_unlock(&mutex);
	return st;
}

/* curl.h numbers the options of each class from a multiple of 10000. */
static bool has_class(CURLoption option, int class)
{
	return (int)option / 10000 == class / 10000;
}

CURLcode libcurl_set_long(CURL *curl, CURLoption option, long value)
{
	return has_class(option, CURLOPTTYPE_LONG) ? libcurl.easy_setopt(curl, option, value)
						   : CURLE_BAD_FUNCTION_ARGUMENT;
}

CURLcode libcurl_set_offset(CURL *curl, CURLoption option, curl_off_t value)
{
	return has_class(option, CURLOPTTYPE_OFF_T) ? libcurl.easy_setopt(curl, option, value)
						    : CURLE_BAD_FUNCTION_ARGUMENT;
}

CURLcode libcurl_set_object(CURL *curl, CURLoption option, const void *value)
{
	return has_class(option, CURLOPTTYPE_OBJECTPOINT) ? libcurl.easy_setopt(curl, option, value)
							  : CURLE_BAD_FUNCTION_ARGUMENT;
}

long libcurl_get_long(CURL *curl, CURLINFO info)
{
	long value = 0;
	if (((unsigned)info & CURLINFO_TYPEMASK) == CURLINFO_LONG)
		(void)libcurl.easy_getinfo(curl, info, &value);
	return value;
}

curl_off_t libcurl_get_offset(CURL *curl, CURLINFO info)
{
	curl_off_t value = 0;
	if (((unsigned)info & CURLINFO_TYPEMASK) == CURLINFO_OFF_T)
		(void)libcurl.easy_getinfo(curl, info, &value);
	return value;
}
