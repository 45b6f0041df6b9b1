/*
 * libcurl's functions: libcurl.easy_init() is curl_easy_init(). NULL until libcurl_load.
 *
 * curl_easy_setopt and curl_easy_getinfo are macros that check types, which a pointer cannot be; so what takes any type
 * is called through functions that name one, and refuse an option of another class.
 */
#ifndef WALSHIP_NET_HTTP_LIBCURL_H
#define WALSHIP_NET_HTTP_LIBCURL_H

#include <curl/curl.h>

#include "walship/error.h"

/* Each line declares a pointer to one function, by its own type. */
struct libcurl {
#define LIBCURL(function) __typeof__ (&(curl_##function))(function);
#include "net/http/libcurl.def"
#undef LIBCURL
};

extern struct libcurl libcurl;

/* STATUS_LOCAL when it is not there or cannot be set up. Before any use; any thread may call it. */
enum status libcurl_load(struct error *err);

/* CURLE_BAD_FUNCTION_ARGUMENT for an option of another class. */
CURLcode libcurl_set_long(CURL *curl, CURLoption option, long value);
CURLcode libcurl_set_offset(CURL *curl, CURLoption option, curl_off_t value);
CURLcode libcurl_set_object(CURL *curl, CURLoption option, const void *value);

/* 0 for what is not known, or is of another class. */
long libcurl_get_long(CURL *curl, CURLINFO info);
curl_off_t libcurl_get_offset(CURL *curl, CURLINFO info);

#endif
