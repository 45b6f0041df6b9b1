#include "cli/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SEND_TIMEOUT_S 1 /* a stuck log reader must not delay a push */
#define WAL_FILE_MAX 64  /* PostgreSQL's names are shorter; a longer text is not a WAL file name */
#define FILE_MODE 0640   /* 0600 with PostgreSQL's umask */

/* The values of log-to that are sockets. */
static const struct place {
	const char *name, *socket;
	void (*encode[2])(const struct log_entry *entry, struct log_entry_text *out); /* by enum log_format */
} places[] = {
    {"syslog", "/dev/log", {log_entry_syslog, log_entry_syslog_json}},
    {"journal",
     "/run/systemd/journal/socket",
     {log_entry_journal, log_entry_journal}}, /* the journal has its own fields */
};

static void write_all(int fd, const struct log_entry_text *text)
{
	if (write(fd, text->bytes, text->len) < 0)
		return; /* no other way to report it */
}

static void to_standard_error(const struct logger *logger, const struct log_entry *entry)
{
	struct log_entry_text text;
	logger->to_err(entry, &text);
	write_all(logger->err_fd, &text);
}

static struct log_entry make_entry(const struct logger *logger, const struct log *log, enum log_level level,
				   const char *message, const char *hint)
{
	struct log_entry entry = {
	    .level = level, .command = logger->command, .pid = getpid(), .message = message, .hint = hint};
	(void)clock_gettime(CLOCK_REALTIME, &entry.time);
	if (log->subject != NULL)
		entry.subject = *log->subject;
	if (entry.subject.wal_file != NULL && strlen(entry.subject.wal_file) > WAL_FILE_MAX)
		entry.subject.wal_file = NULL;
	return entry;
}

static void give_up(struct logger *logger, const char *why)
{
	struct error err;
	const char *socket = logger->socket;
	/* Name the socket's path unless log-to contains it. */
	bool bare = socket != NULL && strchr(logger->place, ':') == NULL;
	fd_closep(&logger->fd);
	(void)error_set(&err, STATUS_LOCAL, "log-to %.256s%s%s: %s; using standard error instead", logger->place,
			bare ? ": " : "", bare ? socket : "", why);
	if (socket != NULL)
		(void)error_hint(
		    &err, STATUS_LOCAL,
		    "check that a log service listens there; a container usually has none, so set log-to = stderr");
	if (logger->log.level < LEVEL_WARNING)
		return;
	struct log_entry entry = make_entry(logger, &logger->log, LEVEL_WARNING, err.text, err.hint);
	to_standard_error(logger, &entry);
}

/* Writes an entry with one write or datagram, so that entries of concurrent processes do not mix. False: the place
 * failed. */
static bool to_place(struct logger *logger, const struct log_entry *entry)
{
	struct log_entry_text text;
	if (logger->fd < 0)
		return false;
	logger->to_place(entry, &text);
	ssize_t put;
	do
		put = write(logger->fd, text.bytes, text.len);
	while (put < 0 && errno == EINTR);
	if (put == (ssize_t)text.len)
		return true;
	give_up(logger, strerror(put < 0 ? errno : ENOSPC));
	return false;
}

static void write_entry(struct logger *logger, const struct log_entry *entry, bool ends_the_call)
{
	(void)pthread_mutex_lock(&logger->mutex);
	bool there = to_place(logger, entry);
	if (!there || ends_the_call || logger->watched)
		to_standard_error(logger, entry);
	(void)pthread_mutex_unlock(&logger->mutex);
}

static void write_line(const struct log *log, enum log_level level, const char *line)
{
	struct logger *logger = log->arg;
	struct log_entry entry = make_entry(logger, log, level, line, "");
	write_entry(logger, &entry, false);
}

void logger_init(struct logger *logger, int err_fd)
{
	*logger = (struct logger){.err_fd = err_fd, .fd = -1, .to_err = log_entry_terminal};
	logger->log = (struct log){LEVEL_WARNING, write_line, logger, &logger->subject};
	(void)pthread_mutex_init(&logger->mutex, NULL);
}

/* Returns -1 and sets errno when no process listens. */
static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	if (strlen(path) >= sizeof address.sun_path)
		return errno = ENAMETOOLONG, -1;
	(void)strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	int why = errno;
	(void)close(fd);
	errno = why;
	return -1;
}

/* O_NONBLOCK: a named pipe that is full or has no reader must not block. */
static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, FILE_MODE);
}

/* The socket place that "syslog" or "journal:/socket" names, and its socket's path; NULL for other values. */
static const struct place *find_place(const char *wish, const char **socket)
{
	for (const struct place *place = places; place < places + sizeof places / sizeof places[0]; place++) {
		size_t len = strlen(place->name);
		if (strncmp(wish, place->name, len) != 0 || (wish[len] != '\0' && wish[len] != ':'))
			continue;
		*socket = wish[len] == ':' ? wish + len + 1 : place->socket;
		return place;
	}
	return NULL;
}

static void open_place(struct logger *logger, const char *wish, enum log_format format)
{
	const char *path = wish;
	const struct place *place = find_place(wish, &path);
	logger->place = wish;
	logger->to_place = place != NULL               ? place->encode[format]
			   : format == LOG_FORMAT_JSON ? log_entry_json
						       : log_entry_file;
	if (path[0] != '/') {
		give_up(logger, "neither stderr, syslog, journal nor an absolute path");
		return;
	}
	logger->socket = place != NULL ? path : NULL;
	logger->fd = place != NULL ? open_socket(path) : open_file(path);
	if (logger->fd < 0)
		give_up(logger, strerror(errno));
	logger->watched = logger->fd >= 0 && (logger->verbose || isatty(logger->err_fd));
}

void logger_open(struct logger *logger, const struct config *config)
{
	const char *wish = config_text(config, OPTION_ID_LOG_TO);
	uint64_t level = config_number(config, OPTION_ID_LOG_LEVEL);
	bool json = config_number(config, OPTION_ID_LOG_FORMAT) == LOG_FORMAT_JSON;
	logger->log.level = (enum log_level)level;
	if (strcmp(wish, "stderr") == 0)
		logger->to_err = json ? log_entry_json : log_entry_terminal;
	else
		open_place(logger, wish, json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
}

void logger_error(struct logger *logger, const struct error *err)
{
	struct log_entry entry = make_entry(logger, &logger->log, LEVEL_ERROR, err->text, err->hint);
	write_entry(logger, &entry, true);
}

void logger_fini(struct logger *logger)
{
	fd_closep(&logger->fd);
	(void)pthread_mutex_destroy(&logger->mutex);
}
