# Programs and files of lda/.
loftlibexec_PROGRAMS += lda/loft-lda
lda_loft_lda_SOURCES = lda/main.c lda/input.c lda/input.h \
	lda/options.c lda/options.h lda/refuse.c lda/refuse.h
lda_loft_lda_LDADD = libloft.a $(CONFUSE_LIBS)
