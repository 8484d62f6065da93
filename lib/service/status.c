/*
 * What a worker is doing; see status.h.
 */
#include "service/status.h"

#include <stdio.h>
#include <unistd.h>

#include "service/board.h"
#include "service/inherit.h"
#include "service/proctitle.h"

static struct {
	struct board *board;
	unsigned slot;
	pid_t pid;
	bool titles;	/* verbose_proctitle */
} status;

void
status_init(struct board *board, unsigned slot, bool titles)
{
	status.board = board;
	status.slot = slot;
	status.pid = getpid();
	status.titles = titles;
}

static void
show_title(enum status_state state, const char *user, const char *peer,
	   const char *what)
{
	char text[256];
	int len;

	if (state == STATUS_IDLE) {
		proctitle_set("idling");
		return;
	}
	len = snprintf(text, sizeof(text), "%s%s%s%s%s",
		       user != NULL ? user : "", user != NULL ? " " : "",
		       peer != NULL ? peer : "", peer != NULL ? " " : "",
		       what != NULL ? what : "");
	if (len > 0 && (size_t)len < sizeof(text) && text[len - 1] == ' ')
		text[len - 1] = '\0';
	proctitle_set(text);
}

void
status_set(enum status_state state, const char *user, const char *peer,
	   const char *what)
{
	if (status.board != NULL)
		board_write(status.board, status.slot, status.pid, state,
			    user, peer, what);
	if (status.titles)
		show_title(state, user, peer, what);
}

unsigned
status_user_add(const char *user)
{
	return status.board == NULL ? 0 :
		board_user_add(status.board, status.slot, user);
}

void
status_user_drop(void)
{
	if (status.board != NULL)
		board_user_drop(status.board, status.slot);
}

void
status_users_clear(void)
{
	if (status.board != NULL)
		board_users_clear(status.board, status.slot);
}
