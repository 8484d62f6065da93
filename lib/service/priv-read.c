/*
 * The right to read every file, kept by a process that has otherwise dropped
 * root (auth: password files may be root's alone and are replaced while it
 * runs). It rests as a permitted capability and is taken up for the moment of
 * one open(2). See priv.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "service/priv.h"

static bool may_read;		/* the capability is ours to take up */

static int
set_caps(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = effective, .permitted = permitted },
	};

	return (int)syscall(SYS_capset, &header, data);
}

void
priv_read_prepare(void)
{
	if (priv_is_root() && prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) == 0)
		may_read = true;
}

int
priv_read_keep(struct err *err)
{
	if (!may_read || geteuid() == 0) {
		may_read = false;
		return 0;
	}
	if (set_caps(1U << CAP_DAC_READ_SEARCH, 0) != 0)
		return err_sys(err, "capset(CAP_DAC_READ_SEARCH)");
	return 0;
}

static bool
take_up(void)
{
	uint32_t cap = 1U << CAP_DAC_READ_SEARCH;

	return may_read && set_caps(cap, cap) == 0;
}

static void
put_down(void)
{
	int saved_errno = errno;

	if (set_caps(1U << CAP_DAC_READ_SEARCH, 0) != 0) {
		log_write(&log_process, LOG_LEVEL_PANIC,
			  "can't give up the right to read every file");
		abort();
	}
	errno = saved_errno;
}

int
priv_read_open(const char *path, int more_flags)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | more_flags;
	int fd = open(path, flags);

	if (fd >= 0 || errno != EACCES || !take_up())
		return fd;
	fd = open(path, flags);
	put_down();
	return fd;
}

int
priv_read_stat(const char *path, struct stat *st)
{
	int result = stat(path, st);

	if (result == 0 || errno != EACCES || !take_up())
		return result;
	result = stat(path, st);
	put_down();
	return result;
}
