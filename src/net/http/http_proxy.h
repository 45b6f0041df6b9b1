/* Which hosts need no proxy. Private to http.c. */
#ifndef WALSHIP_NET_HTTP_HTTP_PROXY_H
#define WALSHIP_NET_HTTP_HTTP_PROXY_H

/*
 * Makes a list for libcurl, which does not know ports, from the value of NO_PROXY: "host:port" becomes "host" if url
 * has that port, and is left out otherwise. The caller frees it. NULL when memory is short.
 */
char *http_no_proxy(const char *no_proxy, const char *url);

#endif
