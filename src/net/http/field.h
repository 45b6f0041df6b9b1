/* A name and its value: of a header, or of a parameter of a query. */
#ifndef WALSHIP_NET_HTTP_FIELD_H
#define WALSHIP_NET_HTTP_FIELD_H

struct field {
	const char *name;
	const char *value;
};

#endif
