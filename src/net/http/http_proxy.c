#include "net/http/http_proxy.h"

#include <stdlib.h>
#include <string.h>

#include "base/environment.h"
#include "net/http/http.h"
#include "text/number.h"

/* Splits "host:port" and "[v6]:port". Returns the length of the host; *port 0: there is none, as in "::1". */
static size_t split(const char *entry, size_t len, uint64_t *port)
{
	const char *colon = memrchr(entry, ':', len);
	const char *first = memchr(entry, ':', len);
	*port = 0;
	if (colon == NULL || (colon != first && colon[-1] != ']'))
		return len;
	const char *at = colon + 1;
	if (!number_take(&at, entry + len, 10, UINT16_MAX, port) || at != entry + len) {
		*port = 0;
		return len;
	}
	return (size_t)(colon - entry);
}

static uint64_t port_of(const char *url)
{
	const char *host = strstr(url, "://");
	uint64_t port;
	host = host == NULL ? url : host + 3;
	(void)split(host, strcspn(host, "/?#"), &port);
	return port != 0 ? port : strncmp(url, "https:", 6) == 0 ? 443 : 80;
}

const char *http_no_proxy_variable(const char *const *environment)
{
	const char *small = environment_value(environment, "no_proxy", strlen("no_proxy"));
	return small != NULL ? small : environment_value(environment, "NO_PROXY", strlen("NO_PROXY"));
}

char *http_no_proxy(const char *no_proxy, const char *url)
{
	static const char separators[] = ", \t";
	uint64_t wanted = port_of(url);
	char *out = malloc(strlen(no_proxy) + 2);
	size_t used = 0;
	for (const char *at = no_proxy; out != NULL && *at != '\0';) {
		uint64_t port;
		size_t len = strcspn(at, separators);
		size_t host_len = split(at, len, &port);
		const char *host = at;
		at += len + strspn(at + len, separators);
		if (host_len == 0 || (port != 0 && port != wanted))
			continue;
		/* libcurl compares addresses without brackets. */
		if (port != 0 && host[0] == '[' && host[host_len - 1] == ']') {
			host++;
			host_len -= 2;
		}
		memcpy(out + used, host, host_len);
		used += host_len;
		out[used++] = ',';
	}
	if (out != NULL)
		out[used > 0 ? used - 1 : 0] = '\0';
	return out;
}
