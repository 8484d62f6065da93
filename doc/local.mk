# Programs and files of doc/.
EXTRA_DIST += doc/architecture.md doc/adding.md doc/durability.md
dist_man_MANS += doc/loft-lda.1 doc/loft-send.1 doc/loft-lmtp.8
EXTRA_DIST += doc/lmtp.md
