#include "sys/service_notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

#define ALIVE_MS 10000

/* A datagram to the socket that systemd names; '@' stands for its abstract names. */
void service_notify(const char *socket_path, const char *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (socket_path == NULL || strlen(socket_path) >= sizeof address.sun_path ||
	    (socket_path[0] != '/' && socket_path[0] != '@'))
		return;
	(void)strcpy(address.sun_path, socket_path);
	if (socket_path[0] == '@')
		address.sun_path[0] = '\0';
	CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(socket_path));
	if (fd >= 0)
		(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address, len);
}

void service_notify_alive(const char *socket_path, const struct clock *clock, int64_t *last_ms)
{
	int64_t now_ms = clock_monotonic_ms(clock);
	if (now_ms - *last_ms < ALIVE_MS)
		return;
	service_notify(socket_path, "WATCHDOG=1");
	*last_ms = now_ms;
}
