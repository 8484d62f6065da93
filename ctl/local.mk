# Programs and files of ctl/.

bin_PROGRAMS += ctl/loft-send
ctl_loft_send_SOURCES = ctl/loft-send.c
ctl_loft_send_LDADD = libloft.a
