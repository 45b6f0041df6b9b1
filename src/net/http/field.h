/* Name and value of a header or a query parameter. */
#ifndef WALSHIP_NET_HTTP_FIELD_H
#define WALSHIP_NET_HTTP_FIELD_H

struct field {
	const char *name;
	const char *value;
};

#endif
