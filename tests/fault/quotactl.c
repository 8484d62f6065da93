/*
 * A kernel with quotas, loaded with LD_PRELOAD, for machines whose kernel has
 * none: quotactl(Q_GETQUOTA) is answered out of the file $LOFT_QUOTACTL, whose
 * lines are "user|group ID SPACE SOFT HARD INODES ISOFT IHARD" (octets, then
 * limits in KiB), or "user|group ID errno NUMBER".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/quota.h>

static int
find(FILE *f, const char *type, int id, struct dqblk *blk)
{
	unsigned long long n[6];
	char line[256], kind[16];
	int number, error;

	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%15s %d", kind, &number) != 2 ||
		    strcmp(kind, type) != 0 || number != id)
			continue;
		if (sscanf(line, "%*s %*d errno %d", &error) == 1)
			return error;
		if (sscanf(line, "%*s %*d %llu %llu %llu %llu %llu %llu",
			   &n[0], &n[1], &n[2], &n[3], &n[4], &n[5]) != 6)
			continue;
		blk->dqb_curspace = n[0];
		blk->dqb_bsoftlimit = n[1];
		blk->dqb_bhardlimit = n[2];
		blk->dqb_curinodes = n[3];
		blk->dqb_isoftlimit = n[4];
		blk->dqb_ihardlimit = n[5];
		return 0;
	}
	return ESRCH;
}

int
quotactl(int cmd, const char *special, int id, caddr_t addr)
{
	const char *path = getenv("LOFT_QUOTACTL");
	const char *type = (cmd & SUBCMDMASK) == USRQUOTA ? "user" : "group";
	FILE *f;

	if (special == NULL || (unsigned)cmd >> SUBCMDSHIFT != Q_GETQUOTA) {
		errno = EINVAL;
		return -1;
	}
	f = path != NULL ? fopen(path, "re") : NULL;
	if (f == NULL) {
		errno = ESRCH;
		return -1;
	}
	errno = find(f, type, id, (struct dqblk *)addr);
	(void)fclose(f);
	return errno == 0 ? 0 : -1;
}
