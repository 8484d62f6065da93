/*
 * A byte stream over one or two descriptors, with a buffer on each side and
 * a deadline on every wait: the only way in which workers read and write
 * what comes over a network. It serves sockets and pipes, and what a layer
 * (io/tls.h) makes of them.
 * A wait also ends when a signal that is let in arrives, or when the watched
 * descriptor (the master's pipe) reports: the caller then asks service/ why.
 */
#ifndef LOFT_IO_STREAM_H
#define LOFT_IO_STREAM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/clock.h"

struct rawlog;
struct stream;

enum stream_status {
	STREAM_OK = 0,
	STREAM_EOF,	/* the peer closed its side */
	STREAM_TIMEOUT,	/* the deadline passed */
	STREAM_WAKE,	/* a signal, or the watched fd: look and call again */
	STREAM_TOOLONG,	/* no line end within the limit (the line stays) */
	STREAM_ERROR,	/* errno tells; the connection is of no use */
};

/*
 * What stands between the octets of a stream and those on the wire: TLS. Each
 * call does as much as it can without waiting; -1 with EAGAIN means "when
 * *want_r (POLLIN, POLLOUT) is there", which is preset to the obvious.
 */
struct stream_layer {
	int (*handshake)(void *ctx, short *want_r);	/* 0: done */
	ssize_t (*read)(void *ctx, void *data, size_t size, short *want_r);
	ssize_t (*write)(void *ctx, const void *data, size_t len,
			 short *want_r);
	bool (*pending)(void *ctx);	/* does it hold input already? */
	void (*end)(void *ctx);		/* say good-bye, if it can be said */
	void (*free)(void *ctx);
};

/* Takes over both descriptors (they may be the same). Pipes are made
   non-blocking; sockets may be either. */
struct stream *stream_new(int fd_in, int fd_out);

/* Unsent output is dropped; descriptors are closed. */
void stream_free(struct stream **sp);

/* From now on each wait also watches watch_fd (-1: none) and lets signals in
   by this mask (NULL: leaves the mask alone). With both, a blocking socket is
   waited for by its reads, which end at least every half second with
   STREAM_WAKE; the mask then counts until stream_free(). */
void stream_watch(struct stream *s, int watch_fd, const sigset_t *sigmask);

/* From now on all goes through this layer. Takes over ctx; the descriptors
   become non-blocking. Output must have been flushed; unread input is
   dropped: it came from before. */
void stream_set_layer(struct stream *s, const struct stream_layer *layer,
		      void *ctx);

/* Read past the stream's own buffers, or write so, without waiting: -1 with
   EAGAIN means "when *want_r (POLLIN, POLLOUT) is there". Only while nothing
   is queued and no input unread; for who has more than one peer to wait for. */
ssize_t stream_try_read(struct stream *s, void *buf, size_t size,
			short *want_r);
ssize_t stream_try_write(struct stream *s, const void *data, size_t len,
			 short *want_r);

/* What the layer has to say to its peer before anything else can be. */
enum stream_status stream_handshake(struct stream *s, deadline_t deadline);

/* No more output: the peer is told, layer and rawlog are gone. What is read
   from now on has no meaning. -1: it isn't a socket. */
int stream_end(struct stream *s);

/* Copy all that comes and goes to a rawlog (NULL: no more). Not owned. */
void stream_set_rawlog(struct stream *s, struct rawlog *rawlog);

/* Wait until there is unread input, or the deadline. Output is flushed
   first: the peer may be waiting for it. */
enum stream_status stream_fill(struct stream *s, deadline_t deadline);

/* Is there unread input, without waiting? */
size_t stream_buffered(const struct stream *s);

/* The unread input, valid until the next call that reads. */
const char *stream_data(const struct stream *s, size_t *len_r);
void stream_skip(struct stream *s, size_t len);

/* The next line without its line end (LF or CRLF), NUL-terminated in the
   buffer; it may hold NULs, so *len_r counts. Valid until the next read.
   At most max octets, else STREAM_TOOLONG: skip with stream_skip_line(). */
enum stream_status stream_read_line(struct stream *s, size_t max,
				    deadline_t deadline, char **line_r,
				    size_t *len_r);

/* Drop input up to and with the next LF. */
enum stream_status stream_skip_line(struct stream *s, deadline_t deadline);

/* Is a whole line buffered, so that reading it will not wait? */
bool stream_has_line(const struct stream *s);

/* Queue output; nothing is sent until a flush or a full buffer (which waits
   at most until the deadline). */
enum stream_status stream_write(struct stream *s, const void *data,
				size_t len, deadline_t deadline);
enum stream_status stream_flush(struct stream *s, deadline_t deadline);

#endif
