/*
 * libcurl's functions without "curl_": libcurl.easy_init() is curl_easy_init(). NULL until libcurl_load.
 *
 * curl_easy_setopt and curl_easy_getinfo are macros that check types, which a pointer cannot be. So typed functions
 * wrap them and refuse options of another class.
 */
#ifndef WALSHIP_NET_HTTP_LIBCURL_H
#define WALSHIP_NET_HTTP_LIBCURL_H

#include <curl/curl.h>

#include "walship/error.h"

/* One typed pointer for each function of the list. */
struct libcurl {
#define LIBCURL(function) __typeof__ (&(curl_##function))(function);
#include "net/http/libcurl.def"
#undef LIBCURL
};

extern struct libcurl libcurl;

/* Loads and initializes libcurl; call it before any use. STATUS_LOCAL when that fails. Any thread may call it. */
enum status libcurl_load(struct error *err);

/* Set an option; CURLE_BAD_FUNCTION_ARGUMENT for an option of another class. */
CURLcode libcurl_set_long(CURL *curl, CURLoption option, long value);
CURLcode libcurl_set_offset(CURL *curl, CURLoption option, curl_off_t value);
CURLcode libcurl_set_object(CURL *curl, CURLoption option, const void *value);

/* Get a value; 0 when it is unknown or of another class. */
long libcurl_get_long(CURL *curl, CURLINFO info);
curl_off_t libcurl_get_offset(CURL *curl, CURLINFO info);

#endif
