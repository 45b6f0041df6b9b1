#include "sys/output.h"

#include <errno.h>
#include <unistd.h>

enum status output_write(int fd, const char *where, const void *data, size_t len, struct error *err)
{
	const char *from = data;
	while (len > 0) {
		ssize_t put = write(fd, from, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_errno(err, errno == EPIPE ? STATUS_UNREAD : STATUS_LOCAL, errno, "write %s",
					   where);
		from += put;
		len -= (size_t)put;
	}
	return STATUS_OK;
}
