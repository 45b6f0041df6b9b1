/*
 * A TCP proxy on loopback that holds every byte back for some milliseconds, each way: a store that is far away.
 *
 *     delay MILLISECONDS TARGET-PORT      writes its own port, and serves until it is killed
 *
 * What arrives is read at once and queued with the time it is due, so throughput is not bound by the delay: the line is
 * long, not narrow. Setting up a connection costs a round trip as a handshake would: what a client sends before its
 * connection has been open for that long counts as sent then. What a real line has besides is missing: slow start,
 * loss, a limit. One thread, epoll; a direction that holds QUEUE_MAX is not read until it has sent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES 262144
#define QUEUE_MAX ((size_t)128 << 20) /* 4 GB/s at 30 ms: more than loopback carries through here */
#define EVENTS 64

struct chunk {
	struct chunk *next;
	int64_t due;
	size_t length, sent; /* length 0: the end of the stream */
	char bytes[];
};

struct direction {
	int from, to;
	struct chunk *first, **last;
	size_t queued;
	int ended, closed; /* the sender has ended; the receiver has been told */
};

struct connection {
	struct connection *next;
	struct direction way[2]; /* to the server, to the client */
	int64_t opened;
	int failed;
};

static int64_t delay_ns;
static struct connection *connections;
static int poller;

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void queue(struct connection *c, struct direction *d, struct chunk *chunk, size_t length)
{
	int64_t sent = now();

	if (d == &c->way[0] && sent < c->opened + 2 * delay_ns)
		sent = c->opened + 2 * delay_ns;
	*chunk = (struct chunk){.due = sent + delay_ns, .length = length};
	*d->last = chunk;
	d->last = &chunk->next;
	d->queued += length;
}

/* Edge-triggered: reads all there is, unless the queue is full; what is left then is read when there is room. */
static void take(struct connection *c, struct direction *d)
{
	while (!d->ended && d->queued < QUEUE_MAX) {
		struct chunk *chunk = malloc(sizeof *chunk + CHUNK_BYTES);
		ssize_t got;

		if (!chunk)
			die("memory");
		got = recv(d->from, chunk->bytes, CHUNK_BYTES, 0);
		if (got < 0) {
			free(chunk);
			c->failed |= errno != EAGAIN && errno != EINTR;
			return;
		}
		/* Small pieces come often: what they do not need is given back. */
		if (got < CHUNK_BYTES / 2) {
			struct chunk *smaller = realloc(chunk, sizeof *chunk + (size_t)got);
			chunk = smaller ? smaller : chunk;
		}
		d->ended = got == 0;
		queue(c, d, chunk, (size_t)got);
	}
}

static void drop_first(struct direction *d)
{
	struct chunk *chunk = d->first;

	d->first = chunk->next;
	if (!d->first)
		d->last = &d->first;
	d->queued -= chunk->length;
	free(chunk);
}

/* Sends what is due. Returns when the next chunk is, 0 if none waits for its time. */
static int64_t give(struct connection *c, struct direction *d, int64_t time)
{
	while (d->first && d->first->due <= time) {
		struct chunk *chunk = d->first;
		ssize_t put = 0;

		if (chunk->length > 0)
			put = send(d->to, chunk->bytes + chunk->sent, chunk->length - chunk->sent, MSG_NOSIGNAL);
		else
			d->closed = 1, shutdown(d->to, SHUT_WR);
		if (put < 0) {
			c->failed |= errno != EAGAIN && errno != EINTR;
			return 0; /* the other side's buffer is full: epoll tells when it has room */
		}
		chunk->sent += (size_t)put;
		if (chunk->sent == chunk->length)
			drop_first(d);
	}
	return d->first ? d->first->due : 0;
}

static void watch(int fd, void *what, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0)
		die("epoll_ctl");
}

static void accept_one(int listener, int target)
{
	struct sockaddr_in address = loopback(target);
	struct connection *c = calloc(1, sizeof *c);
	int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!c || server < 0)
		die("connection");
	if (client < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
		close(client);
		close(server);
		free(c);
		return;
	}
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->opened = now();
	c->way[0] = (struct direction){.from = client, .to = server};
	c->way[1] = (struct direction){.from = server, .to = client};
	for (int i = 0; i < 2; i++)
		c->way[i].last = &c->way[i].first;
	c->next = connections;
	connections = c;
	if (fcntl(server, F_SETFL, O_NONBLOCK) != 0)
		die("fcntl");
	watch(client, c, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	watch(server, c, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void end(struct connection *c)
{
	for (int i = 0; i < 2; i++) {
		while (c->way[i].first)
			drop_first(&c->way[i]);
		close(c->way[i].from);
	}
	free(c);
}

/* Moves all connections on; returns when there is next something to do, 0 if only an event can bring it. */
static int64_t turn(void)
{
	int64_t soonest = 0, time = now();

	for (struct connection **at = &connections; *at;) {
		struct connection *c = *at;

		for (int i = 0; i < 2; i++) {
			int64_t due;
			int full;

			take(c, &c->way[i]);
			full = c->way[i].queued >= QUEUE_MAX;
			due = give(c, &c->way[i], time);
			/* No event tells again of what was left unread. */
			if (full && c->way[i].queued < QUEUE_MAX)
				due = time + 1;
			if (due > time && (!soonest || due < soonest))
				soonest = due;
		}
		if (c->failed || (c->way[0].closed && c->way[1].closed)) {
			*at = c->next;
			end(c);
		} else {
			at = &c->next;
		}
	}
	return soonest;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof address;
	struct epoll_event events[EVENTS];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), target;

	if (argc != 3) {
		fprintf(stderr, "usage: delay MILLISECONDS TARGET-PORT\n");
		return 2;
	}
	delay_ns = (int64_t)(atof(argv[1]) * 1e6);
	target = atoi(argv[2]);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (listener < 0 || poller < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(listener, 128) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
		die("listen");
	watch(listener, NULL, EPOLLIN);
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (int64_t next = 0;;) {
		int64_t left = next ? next - now() : 0;
		struct timespec wait = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
		int count;

		if (left < 0)
			wait = (struct timespec){0};
		count = epoll_pwait2(poller, events, EVENTS, next ? &wait : NULL, NULL);
		if (count < 0 && errno != EINTR)
			die("epoll_pwait2");
		for (int i = 0; i < count; i++)
			if (!events[i].data.ptr)
				accept_one(listener, target);
		next = turn();
	}
}
