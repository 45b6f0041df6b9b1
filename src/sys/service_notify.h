/* Tells systemd how a service does: the protocol of sd_notify(3), without its library. */
#ifndef WALSHIP_SYS_SERVICE_NOTIFY_H
#define WALSHIP_SYS_SERVICE_NOTIFY_H

#include <stdint.h>

#include "base/clock.h"

/* socket_path: of the variable NOTIFY_SOCKET; NULL: nobody listens. text: such as "READY=1". */
void service_notify(const char *socket_path, const char *text);

/* Tells the watchdog, every ten seconds at most. *last_ms, on clock's monotonic scale, is the caller's memory of it. */
void service_notify_alive(const char *socket_path, const struct clock *clock, int64_t *last_ms);

#endif
